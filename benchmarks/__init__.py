"""One script a claim: mosecrot against its peers, measured side by side in the same run."""

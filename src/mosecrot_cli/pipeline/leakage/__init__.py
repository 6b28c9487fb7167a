"""What may not be learnt from, and whether it was: `--exclude` and the command `leakage`."""

"""One module per command: settings in, files out; no printing."""

"""The command `inspect`."""

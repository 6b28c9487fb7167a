"""What turns a settings class into a command: options, help pages, wording of errors."""

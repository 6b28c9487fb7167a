"""Groups of commands: `baseline`, `vectors`, and what describes the installation."""

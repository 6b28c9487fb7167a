"""`python -m mosecrot_cli` is `mosecrot`."""

from mosecrot_cli.cli.app import main

if __name__ == "__main__":
    main()

"""`python -m suite VERB`: see cli.py."""

from suite.cli import main

if __name__ == "__main__":
    main()

"""`python -m suite VERB`: see cli.py."""

try:
    from suite.cli import main
except KeyboardInterrupt:  # before there is anyone to say so
    raise SystemExit(130) from None

if __name__ == "__main__":
    main()

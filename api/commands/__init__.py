"""Groups of the `usher` command; `cli.py` puts them together."""

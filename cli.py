"""The `usher` command."""


def main() -> None:
    """Run the command."""

"""`python -m gatepost` and the `gatepost` command."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from gatepost.cli.app import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()

"""``python -m guanjia`` and the command ``guanjia``."""

import sys


def main() -> int:
    """Run the command line."""
    from guanjia.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

"""``python -m benchmarks [NAME …]``: run benchmarks by name, all of them without one, and print their tables."""

from __future__ import annotations

import importlib
import os
import platform
import sys

NAMES = {"P1": "callback", "P2": "inbox", "P7": "start"}


def main(names: list[str]) -> int:
    """Run and print; 2 for an unknown name."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores", flush=True)
    for name in names or NAMES:
        module = importlib.import_module(f"benchmarks.{NAMES[name]}")
        print("\n".join(module.run()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

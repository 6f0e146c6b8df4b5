"""The command line: parses, then calls ``app``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from guanjia import __version__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="guanjia", description="A WeChat Official Account as a service centre.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run the whole platform in one process")
    up.add_argument("--host", default="127.0.0.1")
    up.add_argument("--port", type=_port, default=8000)
    up.add_argument("--data", type=Path, default=Path("guanjia-data"), help="the data folder (made when missing)")
    up.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a new folder is a demo by default",
    )
    demo = commands.add_parser("demo", help="the demo's accounts and sign-ins").add_subparsers(
        dest="act", required=True
    )
    show = demo.add_parser("show", help="print DATA/demo.json")
    show.add_argument("--json", action="store_true", help="the file as it is")
    show.add_argument("--data", type=Path, default=Path("guanjia-data"))
    openapi = commands.add_parser("openapi", help="write docs/openapi/<service>.json (for developers)")
    openapi.add_argument("folder", type=Path)
    migration = commands.add_parser("make-migration", help="write a service's next migration (for developers)")
    migration.add_argument("service")
    migration.add_argument("name")
    return parser


def _port(text: str) -> int:
    """A port number; 0 lets the system choose."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def run(arguments: list[str]) -> int:
    """Parse and act; the exit code."""
    options = _parser().parse_args(arguments)
    if options.command == "up":
        from guanjia.app.server import run as run_server

        return run_server(
            host=options.host,
            port=options.port,
            folder=options.data,
            is_demo=options.demo,
            database=os.environ.get("GUANJIA_DATABASE", "sqlite"),
        )
    if options.command == "demo":
        return _show_demo(options.data, options.json)
    from guanjia.app import developer

    if options.command == "openapi":
        developer.write_openapi(options.folder)
    else:
        developer.write_migration(options.service, options.name)
    return 0


def _show_demo(folder: Path, is_json: bool) -> int:
    """Print the demo's file, without the folder's lock."""
    import msgspec

    try:
        content = (folder / "demo.json").read_bytes()
    except OSError as error:
        print(f"guanjia: {folder / 'demo.json'} can't be read: {error.strerror}.", file=sys.stderr)
        return 2
    if is_json:
        print(content.decode())
        return 0
    demo = msgspec.json.decode(content)
    print(demo["base_url"])
    for one in demo["staff"]:
        print(f"  {one['login']:<16} {one['password']:<20} {one['role']:<16} {one['company']}")
    for one in demo["accounts"]:
        print(f"  {one['appid']}  {one['kind']:<24} {one['mode']:<7} {one['callback_url']}")
    return 0

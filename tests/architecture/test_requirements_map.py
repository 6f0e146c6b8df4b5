"""docs/requirements.md names every requirement once, with the service that answers for it and tests that exist."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "requirements.md"

# Rows without a test. It only shrinks: whoever covers a row lowers it.
UNCOVERED = 162

NONE = "—"
ROW = re.compile(r"\| (?P<id>R-[A-Z0-9./-]+) \| (?P<title>[^|]+) \| (?P<service>[^|]+) \| (?P<tests>[^|]+) \|\Z")
QUOTED_ID = re.compile(r"\bR-(?:[A-Z]+-)+(?:\d+\.)?\d+|\bR-360-\d+")
SOURCES = ("src/**/*.py", "tests/**/*.py", "web/console/src/**/*.ts", "web/phone/src/**/*.ts", "web/shared/**/*.ts")

# The catalogue: families with their two-digit numbers, and the steps that the car maker's source numbers itself.
FAMILIES = {
    family: int(last)
    for family, last in re.findall(
        r"(\S+):(\d+)",
        """
        PLAT:17 WX:26 VIS:8 CALL:11 PCH:9 TEN:1 CAR-GEN:3 CAR-COMP:18 DATA:6 360:2 ARC:4 OPS:1 PRO-ANN:2 PRO-REP:8
        PRO-CMP:3 PRO-FEE:5 PRO-ACT:1 PRO-OWN:3 PRO-CS:1 PRO-WRK:2 PRO-PERM:3 PRO-MER:1 PRO-ORD:2 PRO-TEN:1
        PRO-ENG:1 PRO-SEC:1 PRO-PERF:1 SVC:16 TRN:1 KA:1 DSK:1 BIZ:1 MINI:1 TRV:1 PTS:1 PAY:1 STAFF:1 SEC:1
        LIVE:1 SHOW:1
        """,
    )
}
STEPS = {
    "CAR-REM": "2.1 2.2 2.3 2.4 2.5/6 2.7 2.8 2.9 2.10 2.11 2.12 2.13 2.14/15 2.16 2.17/18 2.19",
    "CAR-APT": "2.1-2.3 2.4/2.5 2.6/2.7 2.8/2.9 2.10/2.11 2.12/2.13 2.14-2.16 2.17 2.18/2.19",
    "CAR-RES": "1 2 3 4 5 6 7 8 9",
    "GEN": "04",
}
CATALOGUE = [
    *(f"R-{family}-{number:02}" for family, last in FAMILIES.items() for number in range(1, last + 1)),
    *(f"R-{family}-{step}" for family, steps in STEPS.items() for step in steps.split()),
]


@dataclass(frozen=True)
class Requirement:
    """One row of the page."""

    id: str
    title: str
    service: str
    tests: tuple[str, ...]


def requirements(page: str) -> list[Requirement]:
    """The rows of the map; a line that begins like one but is none fails."""
    found = []
    for line in page.splitlines():
        if line.startswith("| R-"):
            match = ROW.match(line)
            assert match is not None, f"not a row of the map: {line}"
            tests = match["tests"].strip()
            names = () if tests == NONE else tuple(part.strip().strip("`") for part in tests.split("<br>"))
            found.append(Requirement(match["id"], match["title"].strip(), match["service"].strip(), names))
    return found


@cache
def names_in(file: Path) -> frozenset[str]:
    """What a test file can be asked for: test functions of a Python file, titles of a TypeScript one."""
    text = file.read_text("utf-8")
    if file.suffix == ".py":
        kinds = ast.FunctionDef | ast.AsyncFunctionDef
        found = (node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))
        return frozenset(name for name in found if name.startswith("test_"))
    return frozenset(match[2] for match in re.finditer(r"\b(?:it|test)\((['\"`])(.+?)\1", text))


def absent_tests(rows: list[Requirement], root: Path) -> list[str]:
    """Tests that the map names but nobody wrote."""
    found = []
    for row in rows:
        for test in row.tests:
            path, _, name = test.partition("::")
            file = root / path
            if not file.is_file() or name not in names_in(file):
                found.append(f"{row.id}: {test}")
    return found


def wrong_ids(rows: list[Requirement]) -> list[str]:
    """Ids of the catalogue that have no row, rows that are no ids, ids with two rows."""
    counts = Counter(row.id for row in rows)
    missing = [f"{one}: no row" for one in CATALOGUE if one not in counts]
    unknown = [f"{one}: not in the catalogue" for one in counts if one not in CATALOGUE]
    return missing + unknown + [f"{one}: {count} rows" for one, count in counts.items() if count > 1]


@pytest.fixture(scope="module")
def rows() -> list[Requirement]:
    return requirements(PAGE.read_text("utf-8"))


def test_every_requirement_has_exactly_one_row(rows: list[Requirement]) -> None:
    assert wrong_ids(rows) == []


def test_every_named_test_exists(rows: list[Requirement]) -> None:
    assert absent_tests(rows, ROOT) == []


def test_uncovered_requirements_only_get_fewer(rows: list[Requirement]) -> None:
    uncovered = [row.id for row in rows if not row.tests]
    listed = f"{len(uncovered)} rows without a test: {', '.join(uncovered)}"
    print(listed)
    assert len(uncovered) <= UNCOVERED, listed
    assert len(uncovered) == UNCOVERED, f"good: lower UNCOVERED to {len(uncovered)}"


def test_what_sources_quote_is_a_requirement() -> None:
    known = {one for full in CATALOGUE for one in QUOTED_ID.findall(full)}
    known |= {f"R-{family}-{step}" for family, steps in STEPS.items() for step in re.split(r"[ /-]", steps)}
    found = []
    for pattern in SOURCES:
        for file in ROOT.glob(pattern):
            if file != Path(__file__).resolve() and "generated" not in file.parts:
                quoted = QUOTED_ID.findall(file.read_text("utf-8"))
                found += [f"{file.relative_to(ROOT)}: {one}" for one in quoted if one not in known]
    assert found == []


def test_the_checks_find_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("async def test_one() -> None: ...\ndef build() -> None: ...\n", "utf-8")
    (tmp_path / "a.test.ts").write_text("it('keeps the order', () => {})\n", "utf-8")
    page = (
        "| R-WX-01 | remark | wechat | `test_a.py::test_one`<br>`a.test.ts::keeps the order` |\n"
        "| R-WX-01 | remark | wechat | `test_a.py::test_two`<br>`test_a.py::build` |\n"
        "| R-WX-99 | nothing | wechat | `gone.py::test_one` |\n"
        "| R-SVC-05 | polling | gateway | — |\n"
    )
    rows = requirements(page)
    assert absent_tests(rows, tmp_path) == [
        "R-WX-01: test_a.py::test_two",
        "R-WX-01: test_a.py::build",
        "R-WX-99: gone.py::test_one",
    ]
    wrong = wrong_ids(rows)
    assert {"R-PLAT-01: no row", "R-WX-99: not in the catalogue", "R-WX-01: 2 rows"} <= set(wrong)
    assert "R-SVC-05: no row" not in wrong
    assert [row.id for row in rows if not row.tests] == ["R-SVC-05"]
    with pytest.raises(AssertionError, match="not a row"):
        requirements("| R-WX-01 | remark | wechat |")

"""The runner of `make test` counts truly: what fails or cannot run is never a pass."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import check, services, setup

PYTEST = check.Part("tests", 60)
A_PASS_A_FAILURE_A_SKIP = """
import pytest
def test_right(): pass
def test_wrong(): assert False
@pytest.mark.skip(reason="no server")
def test_left_out(): pass
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with this Python as the only program, taken for the project's."""
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setattr(check, "PROGRAMS", Path(sys.executable).parent)
    monkeypatch.setattr(services, "NEEDS", {})
    monkeypatch.delenv("GUANJIA_REQUIRE_SERVICES", raising=False)
    return tmp_path


def saying(reason: str | None) -> Callable[[], str | None]:
    return lambda: reason


@pytest.mark.usefixtures("programs")
def test_a_check_passes_by_its_status_alone() -> None:
    count = check.Count()
    check.check(check.Part("good", 20, ("python", "-c", "print('error')")), count)
    check.check(check.Part("bad", 20, ("python", "-c", "raise SystemExit(3)")), count)
    assert (count.passed, count.failed, count.skipped) == (1, 1, 0)
    assert count.remarks == ["failed: bad: `python -c raise SystemExit(3)`, status 3"]
    assert check.close(count) == 1


@pytest.mark.usefixtures("programs")
def test_a_check_that_hangs_is_ended_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "PATIENCE", 1)
    count = check.Count()
    check.check(check.Part("slow", 1, ("python", "-c", "import threading; threading.Event().wait()")), count)
    assert (count.passed, count.failed) == (0, 1)


def test_tests_are_counted_one_by_one(programs: Path) -> None:
    (programs / "test_three.py").write_text(A_PASS_A_FAILURE_A_SKIP)
    count = check.Count()
    check.test(PYTEST, count, [str(programs / "test_three.py"), "--rootdir", str(programs), "-n", "0"])
    assert (count.passed, count.failed, count.skipped) == (1, 1, 1)


def test_no_test_at_all_is_a_failure(programs: Path) -> None:
    (programs / "test_none.py").write_text("")
    count = check.Count()
    check.test(PYTEST, count, [str(programs / "test_none.py"), "--rootdir", str(programs), "-n", "0"])
    assert (count.passed, count.failed) == (0, 1)


@pytest.mark.parametrize(("is_required", "expected"), [(False, (1, 0, 1)), (True, (1, 1, 0))])
def test_an_absent_server_is_a_named_skip_and_a_failure_where_required(
    programs: Path, monkeypatch: pytest.MonkeyPatch, is_required: bool, expected: tuple[int, int, int]
) -> None:
    (programs / "test_one.py").write_text("def test_right(): pass\n")
    monkeypatch.setattr(services, "NEEDS", {"PostgreSQL": saying("refused"), "MariaDB": saying(None)})
    if is_required:
        monkeypatch.setenv("GUANJIA_REQUIRE_SERVICES", "1")
    count = check.Count()
    check.test(PYTEST, count, [str(programs / "test_one.py"), "--rootdir", str(programs), "-n", "0"])
    assert (count.passed, count.failed, count.skipped) == expected
    assert len(count.remarks) == 1
    assert "PostgreSQL (refused)" in count.remarks[0]


def test_a_step_is_left_out_only_while_nothing_changed(tmp_path: Path) -> None:
    made, stamp = tmp_path / "made", tmp_path / "stamps" / "step"
    step = setup.Step(stamp, "1", made)
    assert not step.is_done
    step.begin("a thing")
    made.touch()
    step.end()
    assert step.is_done
    assert not setup.Step(stamp, "2", made).is_done
    step.begin("a thing")
    assert not step.is_done, "an interrupted step is made again"
    step.end()
    made.unlink()
    assert not step.is_done

"""Fixtures that all tests share: the databases to test on, a frozen clock, the loop of async tests.

An async test is marked ``pytest.mark.anyio``. A fixture or test that takes ``database_url`` runs once on each
database: on SQLite always, on PostgreSQL and MariaDB when they answer at their usual addresses (where
``GUANJIA_REQUIRE_SERVICES=1`` an absent server is a failure). ``GUANJIA_DATABASE`` picks a single one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from guanjia.kit import clock
from tools import services

SERVERS = {
    "postgresql": ("postgresql://postgres@127.0.0.1:5432", services.postgresql),
    "mariadb": ("mariadb://root@127.0.0.1:3306", services.mariadb),
}


def database_names() -> list[str]:
    """The databases to test on, by the name of their kind."""
    chosen = os.environ.get("GUANJIA_DATABASE", "")
    return [chosen.split(":", 1)[0]] if chosen else ["sqlite", *SERVERS]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that takes ``database_url`` every database; the servers' are marked ``servers``."""
    if "database_url" in metafunc.fixturenames:
        names = [
            name if name == "sqlite" else pytest.param(name, marks=pytest.mark.servers) for name in database_names()
        ]
        metafunc.parametrize("database_url", names, indirect=True, scope="module")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def database_url(request: pytest.FixtureRequest) -> str:
    """What ``kit.database.Target`` takes; server databases are called ``guanjia_test_<run>_<service>``."""
    name: str = request.param
    if name == "sqlite":
        return name
    address, absence = SERVERS[name]
    if (reason := absence()) is not None:
        if services.are_required():
            pytest.fail(f"{name} does not answer: {reason}")
        pytest.skip(f"{name} does not answer: {reason}")
    run = f"{os.getpid()}_{os.urandom(3).hex()}"
    return f"{address}/guanjia_test_{run}"


class FrozenClock:
    """Real and business time as the test says."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **duration: float) -> datetime:
        """Move on by ``timedelta(**duration)``; the answer is the new time."""
        self.at += timedelta(**duration)
        return self.at


@pytest.fixture
def frozen_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[FrozenClock]:
    """Time stands still until the test moves it; signatures and timeouts keep the machine's time."""
    frozen = FrozenClock()
    monkeypatch.setattr(clock, "real_now", frozen.now)
    monkeypatch.setattr(clock, "now", frozen.now)
    yield frozen

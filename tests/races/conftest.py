"""Two processes at one database: each test runs its pair of writers on both servers, and on SQLite's one lane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guanjia.kit.database import Target
from tests.kit.conftest import Open, opening


@pytest.fixture
def open_database(database_url: str, tmp_path: Path) -> Iterator[Open]:
    """Opens a database; on the servers a second call is a second process at it."""
    yield from opening(Target(tmp_path, database_url))

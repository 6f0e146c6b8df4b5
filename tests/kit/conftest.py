"""Databases for the kit's tests: made anew for each test, dropped after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from guanjia.kit.database import Database, Target

Open = Callable[[MetaData], Database]


@pytest.fixture
def target(database_url: str, tmp_path: Path) -> Target:
    """Where this test's databases are: once on each kind of database."""
    return Target(tmp_path, database_url)


@pytest.fixture
def open_database(target: Target) -> Iterator[Open]:
    """Opens a database for a metadata, its tables made; a second call is a second process at the same database."""
    yield from opening(target)


@pytest.fixture
def open_sqlite(tmp_path: Path) -> Iterator[Open]:
    """The same, for what only SQLite has."""
    yield from opening(Target(tmp_path))


def opening(target: Target) -> Iterator[Open]:
    opened: list[Database] = []

    def open_one(metadata: MetaData) -> Database:
        service = metadata.info["service"]
        target.create(service)
        database = Database(service, metadata, target, lambda: None)
        opened.append(database)
        metadata.create_all(database.engine)
        return database

    try:
        yield open_one
    finally:
        for database in opened:
            database.close()
        for service in {database.service for database in opened}:
            target.drop(service)

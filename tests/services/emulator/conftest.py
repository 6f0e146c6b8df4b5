"""The emulator at work on each database; each test has an account of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.services.emulator.bench import Bench, bench_in
from tests.services.emulator.receiver import Receiver, receiving


@pytest.fixture(scope="module")
async def bench(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """One emulator for the module's tests, on each database."""
    async with bench_in(tmp_path_factory.mktemp("emulator"), database_url) as bench:
        yield bench


@pytest.fixture(scope="module")
async def own_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """One emulator for the module's tests, on SQLite alone."""
    async with bench_in(tmp_path_factory.mktemp("emulator")) as bench:
        yield bench


@pytest.fixture
async def account(bench: Bench) -> dict[str, Any]:
    """A verified service account, signed in."""
    account = await bench.add_account()
    await bench.sign_in(account)
    return account


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A platform that pushes are delivered to."""
    async with receiving() as receiver:
        yield receiver

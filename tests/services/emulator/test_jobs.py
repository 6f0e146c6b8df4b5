"""What WeChat forgets after a while."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from guanjia.kit.database import Reading
from guanjia.services.emulator.models import media, pushes, requests, tokens, tries
from tests.conftest import FrozenClock
from tests.services.emulator.bench import JPEG, Bench
from tests.services.emulator.test_interfaces import upload

pytestmark = pytest.mark.anyio


def counts(reading: Reading, appid: str) -> dict[str, Any]:
    """Rows of an account in each of the tables that are swept."""
    found = {
        table.name: reading.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.appid == appid))
        for table in (tokens, requests, media, pushes)
    }
    mine = sa.select(tries.c.number).join(pushes, pushes.c.id == tries.c.push_id).where(pushes.c.appid == appid)
    return {**found, tries.name: len(reading.rows(mine))}


async def test_old_things_are_dropped_and_fresh_ones_kept(bench: Bench, frozen_clock: FrozenClock) -> None:
    account = await bench.add_account()
    await bench.sign_in(account)
    await bench.fan(account)
    await bench.delivered(1, appid=account["appid"])
    await upload(bench, JPEG, "a.jpg", "image")
    await bench.api("POST", "/cgi-bin/tags/create", {})
    database = bench.host.database("emulator")
    full = {
        "emulator_tokens": 1,
        "emulator_requests": 1,
        "emulator_media": 1,
        "emulator_pushes": 1,
        "emulator_tries": 1,
    }
    await bench.host.run_job("emulator", "forget")
    assert await database.read(counts, account["appid"]) == full
    frozen_clock.advance(days=8)
    await bench.host.run_job("emulator", "forget")
    assert await database.read(counts, account["appid"]) == dict.fromkeys(full, 0)

"""Timed work of ``wechat``."""

from __future__ import annotations

from datetime import datetime, timedelta

from guanjia.kit import clock
from guanjia.kit.jobs import Job
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.accounts import forget_quotas
from guanjia.services.wechat.actions.dispatches import give_up_dispatch, left_waiting
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.rules.interfaces import quota_day

# WeChat delivers three times within 15 seconds; whatever waits longer has lost its process.
WAITING = timedelta(minutes=1)
LOOK_BACK = timedelta(hours=1)
LOOK_BACK_AT_START = timedelta(days=7)
KEEP_QUOTAS = timedelta(days=40)


async def reload_registry(context: Context) -> datetime | None:
    """Behind lost hints: what other processes changed."""
    await context.part(Registry).reload()
    return None


async def settle_waiting(context: Context) -> datetime | None:
    """Pushes whose passive answer was cut off go to a person."""
    await settle_left(context, LOOK_BACK)
    return None


async def settle_left(context: Context, look_back: timedelta) -> None:
    """Settle what was left waiting since ``look_back`` ago."""
    at = clock.real_now()
    after = _id_at(at - look_back)
    while targets := await context.database.write(left_waiting, after, _id_at(at - WAITING)):
        for target in targets:
            await context.database.write(give_up_dispatch, target, clock.now())
        after = targets[-1].push_id


async def forget_old_quotas(context: Context) -> datetime | None:
    """Counters older than 40 days."""
    day = quota_day(clock.now() - KEEP_QUOTAS)
    while await context.database.write(forget_quotas, day) == 500:
        pass
    return None


def _id_at(at: datetime) -> str:
    """The smallest id that could be made at the real time ``at``."""
    digits = f"{int(at.timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


JOBS = (
    Job("registry", 30, reload_registry),
    Job("waiting", 30, settle_waiting),
    Job("quotas", 24 * 3600, forget_old_quotas),
)

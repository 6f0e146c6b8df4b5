"""The demo's movable business time: the offset lies in the emulator's database and is spread by ``kit/live``."""

from __future__ import annotations

from datetime import timedelta

from guanjia.kit import clock
from guanjia.kit.errors import Conflict, Invalid
from guanjia.kit.jobs import CLOCK_MOVED
from guanjia.kit.service import Context
from guanjia.services.emulator.actions.accounts import move_clock
from guanjia.services.emulator.queries.accounts import read_offset
from guanjia.services.emulator.schemas import ClockDraft, ClockView

FARTHEST = timedelta(days=3660)


def read_clock() -> ClockView:
    """Business time now."""
    return ClockView(now=clock.now(), offset_seconds=clock.offset().total_seconds())


async def restore_clock(context: Context) -> None:
    """Let business time go on where the last process left it."""
    _spread(context, await context.database.read(read_offset))


async def forward(context: Context, draft: ClockDraft) -> ClockView:
    """Move business time; Conflict ``clock_backwards``, Invalid beyond ten years."""
    if (draft.at is None) == (draft.advance_seconds is None):
        raise Invalid(fields={"at": "field_missing"})
    if draft.at is not None:
        if draft.at.tzinfo is None:
            raise Invalid(fields={"at": "invalid"})
        offset = draft.at - clock.real_now()
    else:
        assert draft.advance_seconds is not None
        if draft.advance_seconds < 0:
            raise Conflict("clock_backwards")
        if draft.advance_seconds > FARTHEST.total_seconds():
            raise Invalid(fields={"advance_seconds": "number_out_of_range"})
        offset = clock.offset() + timedelta(seconds=draft.advance_seconds)
    if offset > FARTHEST:
        raise Invalid(fields={"at" if draft.at is not None else "advance_seconds": "number_out_of_range"})
    await context.database.write(move_clock, offset)
    _spread(context, offset)
    return read_clock()


def _spread(context: Context, offset: timedelta) -> None:
    clock.set_offset(offset)
    context.live.publish(CLOCK_MOVED)

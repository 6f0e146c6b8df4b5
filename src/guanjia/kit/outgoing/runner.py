"""The runner: wakes on each enqueue, claims what is due, calls, and records the results."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from guanjia.kit import clock
from guanjia.kit.database import Database, new_id
from guanjia.kit.errors import Unavailable
from guanjia.kit.outgoing.channel import Channel, Intent, Outcome, OutgoingFailure, Retry, Unknown, judge
from guanjia.kit.outgoing.intents import (
    adopt,
    forget_sent,
    has_work,
    keep_unheard,
    put_off,
    record_and_claim,
    tell_again,
    untold,
    wakes,
)
from guanjia.kit.outgoing.metrics import ENDED, SECONDS

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
LEASE_SECONDS = 30.0
RENEW_SECONDS = 10.0
STOP_SECONDS = 1.0
FORGET_SECONDS = 3600.0


class OutgoingRunner:
    """Runs the channels of one service in this process; other processes may run the same ones beside it."""

    def __init__(self, context: Any, channels: Sequence[Channel]) -> None:
        self._runs = [_ChannelRun(context, channel) for channel in channels]

    async def start(self) -> None:
        """Settle what a crash left behind, then begin."""
        for run in self._runs:
            await run.start()

    async def stop(self) -> None:
        """Give running calls a second, record how they ended; what was cut off may have been done."""
        await asyncio.gather(*(run.stop() for run in self._runs))


class _ChannelRun:
    def __init__(self, context: Any, channel: Channel) -> None:
        self._context = context
        self._channel = channel
        self._database: Database = context.database
        self._owner = new_id()
        self._due = asyncio.Event()
        self._is_hinted = False
        self._is_stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._outcomes: list[Outcome] = []
        self._renew_at = self._tell_at = self._forget_at = 0.0

    @property
    def _wakes(self) -> set[Callable[[], None]]:
        return wakes.setdefault((self._database.service, self._channel.name), set())

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._renew()
        self._wakes.add(self._hint)
        name = f"outgoing-{self._database.service}-{self._channel.name}"
        self._task = asyncio.create_task(self._run(), name=name)

    async def stop(self) -> None:
        self._wakes.discard(self._hint)
        if self._task is None:
            return
        # Not cancelled: a claim that was committed but not called would count as unknown.
        self._is_stopping = True
        self._due.set()
        await asyncio.gather(self._task, return_exceptions=True)
        if calls := tuple(self._running.values()):
            _, late = await asyncio.wait(calls, timeout=STOP_SECONDS)
            for call in late:
                call.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._outcomes:
            await self._turn(0)

    def _hint(self) -> None:
        """Wake, from any thread; a hint that is under way stands for all."""
        if not self._is_hinted and self._loop is not None and not self._loop.is_closed():
            self._is_hinted = True
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._is_hinted = False
        self._due.set()

    async def _run(self) -> None:
        is_woken = True
        while not self._is_stopping:
            try:
                await self._renew()
                await self._tell_unheard()
                if is_woken or self._outcomes or await self._database.read(has_work, self._channel.name):
                    while not self._is_stopping and await self._turn(self._channel.concurrency - self._busy()):
                        pass
            except Exception:
                log.exception("outgoing %s of %s; it goes on", self._channel.name, self._database.service)
                self._due.clear()  # what failed is tried again after the pause, not at once
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._due.wait()
                is_woken = True
            except TimeoutError:
                is_woken = False
            self._due.clear()

    def _busy(self) -> int:
        """Calls under way; those whose end only waits to be recorded don't count."""
        return len(self._running) - len(self._outcomes)

    async def _turn(self, free: int) -> bool:
        """Record what has ended and start what is due; whether more has ended meanwhile."""
        if not free and not self._outcomes:
            return False
        outcomes, self._outcomes = self._outcomes, []
        try:
            claimed = await self._write_turn(outcomes, self._owner, free)
        except BaseException:
            self._outcomes = outcomes + self._outcomes
            raise
        for outcome in outcomes:
            self._running.pop(outcome.intent.position, None)
            if outcome.state == "pending" and self._loop is not None:
                self._loop.call_later(outcome.delay_seconds, self._due.set)
        claimed_at = time.monotonic()
        for intent in claimed:
            self._running[intent.position] = asyncio.create_task(self._call(intent, claimed_at))
        return bool(self._outcomes)

    async def _write_turn(self, outcomes: list[Outcome], owner: str, free: int) -> list[Intent]:
        """One write for all; if an owner's action fails, one for each, and the failing ones are kept
        unheard.
        """
        write, channel = self._database.write, self._channel
        try:
            return await write(record_and_claim, channel, owner, outcomes, free)
        except Unavailable:
            raise
        except Exception:
            if not outcomes:
                raise
            log.warning("outgoing %s: %d results one by one", channel.name, len(outcomes), exc_info=True)
        for outcome in outcomes:
            try:
                await write(record_and_claim, channel, owner, [outcome], 0)
            except Unavailable:
                raise
            except Exception:
                log.exception("the result of %s %s could not be told", channel.name, outcome.intent.id)
                await write(keep_unheard, outcome, owner, traceback.format_exc())
        return await write(record_and_claim, channel, owner, [], free) if free > 0 else []

    async def _tell_unheard(self) -> None:
        """Tell results again whose first telling failed."""
        now = time.monotonic()
        if now < self._tell_at:
            return
        self._tell_at = now + POLL_SECONDS
        for outcome, tells in await self._database.read(untold, self._channel.name):
            try:
                await self._database.write(tell_again, self._channel, outcome)
            except Unavailable:
                raise
            except Exception:
                log.exception("the result of %s %s could not be told", self._channel.name, outcome.intent.id)
                await self._database.write(put_off, outcome, tells, traceback.format_exc())

    async def _call(self, intent: Intent, claimed_at: float) -> None:
        started = time.monotonic()
        try:
            if started - claimed_at > LEASE_SECONDS / 2:
                # This process stood still: another may have given the intent up already.
                raise Retry(0, "the process stood still before the call")
            async with asyncio.timeout(self._channel.timeout_seconds):
                result = await self._channel.call(self._context, intent)
            outcome = Outcome(intent, "sent", msgspec.to_builtins(result, enc_hook=str))
        except asyncio.CancelledError:
            gone = Unknown("the process ended during the call")
            outcome = judge(self._channel, intent, gone, clock.real_now())
        except Exception as caught:
            outcome = judge(self._channel, intent, caught, clock.real_now())
        service, name = self._database.service, self._channel.name
        ENDED.add(service, name, outcome.state)
        SECONDS.observe(time.monotonic() - started, service, name)
        self._outcomes.append(outcome)
        self._due.set()

    async def _renew(self) -> None:
        """Keep the lease, and settle what a process that is gone left in ``sending``."""
        now = time.monotonic()
        if now < self._renew_at:
            return
        interrupted, uncalled = await self._database.write(
            adopt, self._channel.name, self._owner, tuple(self._running), LEASE_SECONDS
        )
        if interrupted:
            log.warning("outgoing %s: %d calls were cut off", self._channel.name, len(interrupted))
            gone, at = Unknown("the process ended during the call"), clock.real_now()
            outcomes = [judge(self._channel, intent, gone, at) for intent in interrupted]
            await self._write_turn(outcomes, "", 0)
        if uncalled:
            never = OutgoingFailure("", "never called")
            back = [Outcome(intent, "pending", failure=never) for intent in uncalled]
            await self._write_turn(back, self._owner, 0)
        self._renew_at = now + RENEW_SECONDS
        if now >= self._forget_at:
            self._forget_at = now + FORGET_SECONDS
            while await self._database.write(forget_sent, self._channel.name) == 500:
                pass

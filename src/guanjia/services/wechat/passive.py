"""Answers within the callback: for accounts without customer-service messages, and for passive providers (A22)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

from guanjia.kit import clock
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.dispatches import finish_passive
from guanjia.services.wechat.actions.pushes import Arrival
from guanjia.services.wechat.dispatch import ask
from guanjia.services.wechat.registry import Account
from guanjia.services.wechat.settings import Settings

log = logging.getLogger(__name__)


class _Run:
    """One push whose providers are being asked while WeChat waits."""

    def __init__(self) -> None:
        self.task: asyncio.Task[bytes | None] | None = None
        self.is_late = False
        self.is_finishing = False


class PassiveAnswers:
    """Runs at work, by push: a repeat that arrives meanwhile waits for the same answer."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._runs: dict[str, _Run] = {}

    async def close(self) -> None:
        """Cut off what is still running; what it leaves waiting is settled later."""
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def answer(self, account: Account, arrival: Arrival, push_id: str) -> bytes | None:
        """The body to answer with, or None: nothing, or too late. ``push_id`` is the stored push's."""
        run = self._runs.get(push_id)
        if run is None:
            run = self._runs[push_id] = _Run()
            run.task = asyncio.get_running_loop().create_task(self._ask(run, account, arrival, push_id))
        assert run.task is not None
        if run.is_late:
            return None
        seconds = self._context.settings(Settings).passive_seconds
        await asyncio.wait({run.task}, timeout=seconds)
        if not run.task.done():
            if not run.is_finishing:
                run.is_late = True
                return None
            # The answer is being written: what is stored as sent must also be sent.
            await asyncio.wait({run.task})
        if run.task.cancelled() or run.task.exception() is not None:
            return None
        return run.task.result()

    async def _ask(self, run: _Run, account: Account, arrival: Arrival, push_id: str) -> bytes | None:
        try:
            verdict = await ask(self._context, account, arrival.push, push_id, arrival.decision)
            run.is_finishing = True
            return await self._context.database.write(
                finish_passive,
                replace(arrival, id=push_id).target,
                verdict,
                None if run.is_late else arrival.seal,
                arrival.may_send,
                clock.now(),
                timedelta(seconds=verdict.default_pause_seconds),
            )
        except Exception:
            log.exception("the passive answer to push %s failed", push_id)
            raise
        finally:
            self._runs.pop(push_id, None)

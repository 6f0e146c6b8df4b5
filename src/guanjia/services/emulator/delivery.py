"""Carries pushes to the accounts' callbacks: one fan's in order, different fans' side by side.

A push is on disk before the phone is answered; here it is delivered at most three times, five seconds of real time
each, and every delivery is recorded. What a process leaves undelivered, the next one delivers: then a platform may get
a push twice, as with WeChat itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

import aiohttp
import msgspec

from guanjia.kit import clock
from guanjia.kit.feed import FeedRow, event_name
from guanjia.kit.service import Context
from guanjia.services.emulator.actions.pushes import Delivered, record_try
from guanjia.services.emulator.demo import Switches
from guanjia.services.emulator.queries.accounts import find_account
from guanjia.services.emulator.queries.phones import read_pending
from guanjia.services.emulator.rules.replies import BadAnswer, Recipient, read_reply
from guanjia.services.emulator.rules.signing import XML_TYPE, Signer
from guanjia.services.emulator.schemas import AccountSaved, PushQueued, Verdict
from guanjia.services.emulator.settings import EmulatorSettings

log = logging.getLogger(__name__)

ANSWER_LIMIT = 256 * 1024
CONNECTIONS = 200

_QUEUED = event_name(PushQueued)
_SAVED = event_name(AccountSaved)
_push_decoder = msgspec.json.Decoder(PushQueued)
_account_decoder = msgspec.json.Decoder(AccountSaved)


class Delivery:
    """The one deliverer of a process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings(EmulatorSettings)
        self._switches = context.part(Switches)
        self._signers: dict[str, Signer] = {}
        self._queues: dict[tuple[str, str], deque[PushQueued]] = {}
        self._known: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Hear of new pushes, then take up those that were left."""
        self._context.feed.subscribe(self._hear)
        for row in await self._context.database.read(read_pending):
            self._submit(
                PushQueued(
                    push_id=row.id, appid=row.appid, openid=row.openid, kind=row.kind, fields=row.fields,
                    tries=row.tries,
                )
            )  # fmt: skip

    async def close(self) -> None:
        """Stop at once; what is under way is delivered again at the next start."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def session(self) -> aiohttp.ClientSession:
        """The process's one client session for callbacks."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _hear(self, rows: Sequence[FeedRow]) -> None:
        for row in rows:
            if row.name == _QUEUED:
                self._submit(_push_decoder.decode(row.data))
            elif row.name == _SAVED:
                self._signers.pop(_account_decoder.decode(row.data).appid, None)

    def _submit(self, push: PushQueued) -> None:
        if push.push_id in self._known:
            return
        self._known.add(push.push_id)
        key = (push.appid, push.openid)
        queue = self._queues.get(key)
        if queue is not None:
            queue.append(push)
            return
        self._queues[key] = deque([push])
        task = asyncio.get_running_loop().create_task(self._serve(key), name=f"pushes-{push.openid}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, key: tuple[str, str]) -> None:
        queue = self._queues[key]
        try:
            while queue:
                push = queue[0]
                try:
                    await self._deliver(push)
                except Exception:
                    log.exception("the push %s was not delivered; it stays pending until the next start", push.push_id)
                queue.popleft()
                self._known.discard(push.push_id)
        finally:
            del self._queues[key]

    async def _deliver(self, push: PushQueued) -> None:
        for number in range(push.tries + 1, self._settings.push_tries + 1):
            began = time.monotonic()
            timeout = self._switches.faults.callback_timeout_seconds
            signer = await self._signer(push.appid)
            is_last = number == self._settings.push_tries
            done = await self._try(push, number, signer, timeout)
            done = msgspec.structs.replace(done, is_last=done.is_last or is_last)
            after = clock.now() - timedelta(days=self._settings.media_days)
            await self._context.database.write(record_try, done, after, clock.now())
            if done.is_last:
                return
            await asyncio.sleep(max(0.0, timeout - (time.monotonic() - began)))

    async def _signer(self, appid: str) -> Signer | None:
        signer = self._signers.get(appid)
        if signer is None:
            row = await self._context.database.read(find_account, appid)
            if row is None:
                return None
            signer = self._signers[appid] = Signer(
                appid=appid, original_id=row.original_id, url=row.callback_url, token=row.token,
                aes_key=row.aes_key, previous_aes_key=row.previous_aes_key, mode=row.mode,
            )  # fmt: skip
        return signer

    async def _try(self, push: PushQueued, number: int, signer: Signer | None, timeout: float) -> Delivered:
        at = clock.real_now()
        if signer is None or signer.check() is not None:
            return Delivered(push_id=push.push_id, number=number, at=at, verdict="not_configured", is_last=True)
        address, body = signer.push(push.openid, push.fields)
        began = time.monotonic()

        def came(verdict: Verdict, status: int = 0, answer: bytes = b"") -> Delivered:
            return Delivered(
                push_id=push.push_id, number=number, at=at, status=status, verdict=verdict, is_last=False,
                latency_ms=round((time.monotonic() - began) * 1000), body=answer.decode("utf-8", "replace"),
            )  # fmt: skip

        try:
            async with asyncio.timeout(timeout):
                async with self.session().post(
                    address, data=body, headers={"Content-Type": XML_TYPE}, allow_redirects=False
                ) as response:
                    answer = await response.content.read(ANSWER_LIMIT)
                    while len(answer) < ANSWER_LIMIT and (chunk := await response.content.read(ANSWER_LIMIT)):
                        answer += chunk
                    status = response.status
        except TimeoutError:
            return came("timeout")
        except (aiohttp.ClientError, OSError, ValueError):
            return came("refused")
        if status != 200:
            return came("bad_status", status, answer)
        return _judge(answer, push, signer, came("success", status, answer))


def _judge(answer: bytes, push: PushQueued, signer: Signer, done: Delivered) -> Delivered:
    """What an answer with status 200 means; WeChat does not ask again for one that it can't read."""
    keys = tuple(key for key in (signer.aes_key, signer.previous_aes_key) if key)
    recipient = Recipient(
        appid=signer.appid, original_id=signer.original_id, openid=push.openid, mode=signer.mode,
        token=signer.token, aes_keys=keys,
    )  # fmt: skip
    try:
        reply = read_reply(answer, recipient)
    except (BadAnswer, ValueError):
        return msgspec.structs.replace(done, verdict="bad_body", is_last=True)
    if reply is None:
        return msgspec.structs.replace(done, is_last=True)
    verdict: Verdict = "transfer" if reply.kind == "transfer" else "reply"
    return msgspec.structs.replace(done, verdict=verdict, is_last=True, reply=reply if verdict == "reply" else None)

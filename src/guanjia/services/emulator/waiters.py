"""The live stream of the phones: one stream carries any number of them (SSE, or long poll with the same number).

A cursor is a number of the emulator's feed. The order is: hear the feed first, read what lies between the cursor and
the head second, apply what arrived meanwhile third.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from guanjia.kit.calls import App, Receive, Scope, Send
from guanjia.kit.errors import BadRequest, Conflict, GuanjiaError, Unavailable
from guanjia.kit.feed import FeedRow, event_name
from guanjia.kit.http import header, reply
from guanjia.kit.http.app import send_failure
from guanjia.kit.live import CLOSING
from guanjia.kit.service import Context
from guanjia.kit.words import Words
from guanjia.services.emulator.demo import only_in_demo_mount
from guanjia.services.emulator.schemas import PhoneChanged

HEARTBEAT_SECONDS = 15.0
WAIT_LIMIT = 50.0
BATCH = 500
BACKLOG = 10_000
PHONES_LIMIT = 200

_CHANGED = event_name(PhoneChanged)
_decoder = msgspec.json.Decoder(PhoneChanged)


class Waiter:
    """One open stream: whose phones, up to which number, and what has not been written yet."""

    def __init__(self, phones: frozenset[str], after: int) -> None:
        self.phones = phones
        self.number = after
        self.events: deque[dict[str, Any]] = deque()
        self.is_catching_up = True
        self.held: list[FeedRow] = []
        self.wake = asyncio.Event()
        self.is_closed = False

    def close(self) -> None:
        """End the stream."""
        self.is_closed = True
        self.wake.set()


class Waiters:
    """All open streams of this process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiters: set[Waiter] = set()
        self._is_closing = False
        self._end: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to hear."""
        self._end = self._context.feed.subscribe(self._spread)
        self._context.live.subscribe(CLOSING, lambda _payload: self._close_all())

    async def close(self) -> None:
        """End every stream."""
        self._close_all()
        if self._end is not None:
            self._end()

    def _close_all(self) -> None:
        self._is_closing = True
        for waiter in tuple(self._waiters):
            waiter.close()

    def __len__(self) -> int:
        return len(self._waiters)

    async def open(self, phones: frozenset[str], after: int | None) -> Waiter:
        """A waiter that has caught up; Conflict ``resync`` for a number that can't be continued."""
        if self._is_closing:
            raise Unavailable(retry_after=2)
        feed = self._context.feed
        waiter = Waiter(phones, feed.head if after is None else after)
        self._waiters.add(waiter)
        try:
            if after is not None:
                if after > feed.head or after < await feed.floor():
                    raise Conflict("resync")
                while rows := await feed.read(waiter.number, BATCH):
                    for row in rows:
                        self._deliver(waiter, row)
            waiter.is_catching_up = False
            for row in waiter.held:
                self._deliver(waiter, row)
            waiter.held.clear()
        except BaseException:
            self._waiters.discard(waiter)
            raise
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Forget a waiter."""
        self._waiters.discard(waiter)

    def _spread(self, rows: Sequence[FeedRow]) -> None:
        for row in rows:
            for waiter in tuple(self._waiters):
                if waiter.is_catching_up:
                    waiter.held.append(row)
                else:
                    self._deliver(waiter, row)

    def _deliver(self, waiter: Waiter, row: FeedRow) -> None:
        if row.seq <= waiter.number:
            return
        waiter.number = row.seq
        if row.name != _CHANGED:
            return
        concerned = [phone for phone in row.subjects if not waiter.phones or phone in waiter.phones]
        if not concerned:
            return
        event = _decoder.decode(row.data)
        data = event.data
        if event.file:
            data["message"]["media_url"] = self._context.files.address(event.file)
        for phone in concerned:
            waiter.events.append(
                {"number": row.seq, "phone_id": phone, "appid": event.appid, "name": event.name, "data": data}
            )
        if len(waiter.events) > BACKLOG:
            waiter.close()  # too slow a reader: it comes back with its number
        waiter.wake.set()

    async def serve_sse(self, waiter: Waiter, is_new: bool, receive: Receive, send: Send) -> None:
        """Write events as they come, until the reader leaves or this process ends."""
        headers = [
            (b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"),
        ]  # fmt: skip
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        first = b": here\n\n"
        if is_new:
            number = str(waiter.number).encode()
            first = b"event: ready\nid: " + number + b'\ndata: {"number":' + number + b"}\n\n"
        await send({"type": "http.response.body", "body": first, "more_body": True})
        watch = asyncio.create_task(_until_gone(receive, waiter))
        try:
            while not waiter.is_closed:
                frames = b"".join(_frame(event) for event in _take(waiter))
                if frames:
                    await send({"type": "http.response.body", "body": frames, "more_body": True})
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await waiter.wake.wait()
                except TimeoutError:
                    await send({"type": "http.response.body", "body": b": alive\n\n", "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.leave(waiter)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def serve_poll(self, waiter: Waiter, wait: float, send: Send) -> None:
        """Answer with the events there are, or with the first that come within ``wait`` seconds."""
        try:
            if not waiter.events:
                try:
                    async with asyncio.timeout(max(0.0, min(wait, WAIT_LIMIT))):
                        while not waiter.events and not waiter.is_closed:
                            waiter.wake.clear()
                            await waiter.wake.wait()
                except TimeoutError:
                    pass
            body = msgspec.json.encode(reply({"items": list(_take(waiter)), "number": waiter.number}))
        finally:
            self.leave(waiter)
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _take(waiter: Waiter) -> list[dict[str, Any]]:
    events = list(waiter.events)
    waiter.events.clear()
    waiter.wake.clear()
    if waiter.is_closed:
        waiter.wake.set()
    return events


def _frame(event: dict[str, Any]) -> bytes:
    return b"event: message\nid: %d\ndata: %s\n\n" % (event["number"], msgspec.json.encode(event))


async def _until_gone(receive: Receive, waiter: Waiter) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    waiter.close()


def phone_events(context: Context) -> App:
    """The raw app of ``GET /phones/events?phones=id,id&after=N`` (and ``&wait=SECONDS`` for a long poll)."""
    words = Words([context.service.words] if context.service.words else [])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"))
            phones = frozenset(filter(None, ",".join(query.get("phones", [])).split(",")))
            if len(phones) > PHONES_LIMIT:
                raise BadRequest("too_many_phones")
            after = _whole(query["after"][0]) if query.get("after") else None
            wait = _whole(query.get("wait", ["25"])[0])
            is_sse = b"text/event-stream" in header(scope, b"accept")
            waiters = context.part(Waiters)
            try:
                waiter = await waiters.open(phones, after)
            except Conflict:
                if not is_sse:
                    raise
                await _send_resync(send)
                return
        except GuanjiaError as error:
            await send_failure(error, words, send)
            return
        if is_sse:
            await waiters.serve_sse(waiter, after is None, receive, send)
        else:
            await waiters.serve_poll(waiter, wait, send)

    return only_in_demo_mount(context, app)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadRequest("cursor_invalid")
    return int(text)


async def _send_resync(send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"event: resync\ndata: {}\n\n"})

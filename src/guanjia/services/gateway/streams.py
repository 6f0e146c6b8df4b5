"""Browsers that wait: one stream over several services' feeds (SSE, or long poll with the same cursors).

The order of L4: attach to the live feed first, read what lies between the cursor and the head second, apply what
arrived meanwhile third. Rows are filtered by subject and audience at send time (L13); a cursor that can't be
continued is a named ``resync`` (L3). Hints (presence, typing, viewers) travel without id (L12).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from guanjia.kit.auth import Caller
from guanjia.kit.calls import Receive, Send
from guanjia.kit.errors import BadRequest, Conflict
from guanjia.kit.feed import FeedLog, FeedRow
from guanjia.kit.http import reply

HEARTBEAT_SECONDS = 20.0
BUFFER_LIMIT = 2 * 1024 * 1024
CATCH_UP = 500
WAIT_LIMIT = 50.0
HINT = "hint"


def parse_cursors(text: str) -> dict[str, int]:
    """``chat:812,crm:44`` → {chat: 812, crm: 44}; BadRequest otherwise."""
    cursors: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        service, colon, seq = part.partition(":")
        if not colon or not seq.isascii() or not seq.isdigit() or len(seq) > 18:
            raise BadRequest("cursor_invalid")
        cursors[service] = int(seq)
    return cursors


def format_cursors(cursors: Mapping[str, int]) -> str:
    """The inverse of ``parse_cursors``."""
    return ",".join(f"{service}:{seq}" for service, seq in sorted(cursors.items()))


def is_visible(row: FeedRow, caller: Caller) -> bool:
    """Whether the caller of that feed's read permission may see the row."""
    if row.company_id and row.company_id != caller.company_id:
        return False
    if row.audience == "staff" and caller.kind != "staff":
        return False
    return not set(row.subjects).isdisjoint(caller.subjects)


class Waiter:
    """One open stream. ``callers`` holds, by service, the caller with that service's subjects."""

    def __init__(self, callers: Mapping[str, Caller], cursors: dict[str, int], session_id: str, until: float) -> None:
        self.callers = callers
        self.cursors = cursors
        self.session_id = session_id
        self.until = until
        self.is_catching_up = True
        self.held: list[tuple[str, FeedRow]] = []
        self.frames: list[bytes] = []
        self.size = 0
        self.wake = asyncio.Event()
        self.is_closed = False

    def push(self, frame: bytes) -> None:
        """Queue a frame; a client too slow to read its backlog is let go and comes back with its cursor. Nothing is
        kept for one that is let go: it may never read."""
        if self.is_closed:
            return
        self.frames.append(frame)
        self.size += len(frame)
        if self.size > BUFFER_LIMIT:
            self.is_closed = True
        self.wake.set()

    def close(self) -> None:
        """End the stream after what is queued."""
        self.is_closed = True
        self.wake.set()


class Streams:
    """All waiting browsers of this gateway."""

    def __init__(self, feeds: Mapping[str, FeedLog]) -> None:
        self.feeds = feeds
        self._by_subject: dict[tuple[str, str], set[Waiter]] = defaultdict(set)
        self._waiters: set[Waiter] = set()
        self._heartbeat: asyncio.Task[None] | None = None
        self.is_closing = False

    def start(self) -> None:
        """Begin to hear the feeds."""
        for service, feed in self.feeds.items():
            feed.subscribe(lambda rows, service=service: self._spread(service, rows))  # type: ignore[misc]  # early bound
        self._heartbeat = asyncio.create_task(self._beat(), name="streams-heartbeat")

    async def close(self) -> None:
        """End every stream, before the server waits for its connections."""
        self.is_closing = True
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.gather(self._heartbeat, return_exceptions=True)
        for waiter in tuple(self._waiters):
            waiter.close()

    def __len__(self) -> int:
        return len(self._waiters)

    def end_sessions(self, rows: Sequence[FeedRow]) -> None:
        """End the streams of revoked sessions and of closed companies (``auth``'s feed)."""
        for row in rows:
            if row.name == "company_changed":
                company = msgspec.json.decode(row.data)
                for waiter in tuple(self._waiters):
                    if not company["is_active"] and next(iter(waiter.callers.values())).company_id == company["id"]:
                        waiter.close()
            elif row.name == "sessions_revoked":
                data = msgspec.json.decode(row.data)
                for waiter in tuple(self._waiters):
                    caller = next(iter(waiter.callers.values()))
                    if data.get("session_id") in ("", None, waiter.session_id) and caller.id == data["person_id"]:
                        waiter.close()

    def hint(self, payload: dict[str, Any]) -> None:
        """Pass a hint {service, name, subjects, audience, data} to those who may see it."""
        frame = b""
        for waiter in self._seen_by(payload["service"], payload["subjects"]):
            caller = waiter.callers[payload["service"]]
            if payload.get("audience", "staff") == "staff" and caller.kind != "staff":
                continue
            if payload.get("company_id") and payload["company_id"] != caller.company_id:
                continue
            if not frame:
                body = {"service": payload["service"], "name": payload["name"], "data": payload["data"]}
                frame = b"event: hint\ndata: " + msgspec.json.encode(body) + b"\n\n"
            waiter.push(frame)

    def _seen_by(self, service: str, subjects: Sequence[str]) -> set[Waiter]:
        seen: set[Waiter] = set()
        for subject in subjects:
            seen |= self._by_subject.get((service, subject), set())
        return seen

    def _spread(self, service: str, rows: Sequence[FeedRow]) -> None:
        for row in rows:
            for waiter in self._seen_by(service, row.subjects):
                if waiter.is_catching_up:
                    waiter.held.append((service, row))
                elif is_visible(row, waiter.callers[service]):
                    self._deliver(waiter, service, row)

    def _deliver(self, waiter: Waiter, service: str, row: FeedRow) -> None:
        if row.seq > waiter.cursors[service] and not waiter.is_closed:
            waiter.cursors[service] = row.seq
            waiter.push(_frame(service, row, waiter.cursors))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 -- jitter, not a secret
            now = time.time()
            for waiter in tuple(self._waiters):
                waiter.push(b": \n\n")
                if waiter.until < now:
                    waiter.close()

    def _attach(self, waiter: Waiter) -> None:
        self._waiters.add(waiter)
        for service, caller in waiter.callers.items():
            for subject in caller.subjects:
                self._by_subject[service, subject].add(waiter)

    def _detach(self, waiter: Waiter) -> None:
        self._waiters.discard(waiter)
        for service, caller in waiter.callers.items():
            for subject in caller.subjects:
                bucket = self._by_subject[service, subject]
                bucket.discard(waiter)
                if not bucket:
                    del self._by_subject[service, subject]

    async def _catch_up(self, waiter: Waiter) -> str:
        """Send what lies between the cursors and now, as far as the backlog may grow; the service that needs a resync,
        or empty."""
        for service, cursor in tuple(waiter.cursors.items()):
            feed = self.feeds[service]
            if cursor > feed.head or cursor < await feed.floor():
                return service
            head = feed.head
            while cursor < head:
                rows = await feed.read(cursor, CATCH_UP)
                if not rows:
                    break
                cursor = rows[-1].seq
                for row in rows:
                    if is_visible(row, waiter.callers[service]):
                        self._deliver(waiter, service, row)
                if waiter.is_closed:
                    return ""
            waiter.cursors[service] = max(waiter.cursors[service], cursor)
        waiter.is_catching_up = False
        for service, row in waiter.held:
            if is_visible(row, waiter.callers[service]):
                self._deliver(waiter, service, row)
        waiter.held.clear()
        return ""

    def waiter(
        self, callers: Mapping[str, Caller], after: dict[str, int] | None, session_id: str, until: float
    ) -> Waiter:
        """A waiter from the cursors ``after``, or from the present heads."""
        cursors = {service: (after or {}).get(service, self.feeds[service].head) for service in callers}
        return Waiter(callers, cursors, session_id, until)

    async def serve_sse(self, waiter: Waiter, is_new: bool, receive: Receive, send: Send) -> None:
        """Hold an SSE stream open until the client leaves, the session ends or the gateway stops."""
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        if is_new:
            cursors = format_cursors(waiter.cursors)
            ready = msgspec.json.encode({"cursors": cursors})
            waiter.push(f"event: ready\nid: {cursors}\ndata: ".encode() + ready + b"\n\n")
        self._attach(waiter)  # before anything is awaited: a session revoked meanwhile must find its stream
        gone = asyncio.ensure_future(_until_gone(receive))
        gone.add_done_callback(lambda _task: waiter.close())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            behind = await self._catch_up(waiter)
            if behind:
                waiter.push(b"event: resync\ndata: " + msgspec.json.encode({"service": behind}) + b"\n\n")
                waiter.close()
            while not gone.done():
                if not waiter.frames:
                    if waiter.is_closed or self.is_closing:
                        break
                    await waiter.wake.wait()
                    waiter.wake.clear()
                    continue
                frames, waiter.frames, waiter.size = waiter.frames, [], 0
                await send({"type": "http.response.body", "body": b"".join(frames), "more_body": True})
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._detach(waiter)

    async def serve_poll(self, waiter: Waiter, wait: float, send: Send) -> None:
        """Answer as soon as there is something, at the latest after ``wait`` seconds."""
        self._attach(waiter)
        try:
            behind = await self._catch_up(waiter)
            if behind:
                raise Conflict("resync", service=behind)
            if not waiter.frames:
                try:
                    async with asyncio.timeout(max(0.0, min(wait, WAIT_LIMIT))):
                        await waiter.wake.wait()
                except TimeoutError:
                    pass
        finally:
            self._detach(waiter)
        items = [msgspec.Raw(_data(frame)) for frame in waiter.frames if frame.startswith(b"event: message")]
        body = msgspec.json.encode(reply({"items": items, "cursors": format_cursors(waiter.cursors)}))
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _frame(service: str, row: FeedRow, cursors: Mapping[str, int]) -> bytes:
    head = f"event: message\nid: {format_cursors(cursors)}\ndata: "
    body = f'{{"service":"{service}","seq":{row.seq},"name":"{row.name}","data":'
    return head.encode() + body.encode() + row.data + b"}\n\n"


def _data(frame: bytes) -> bytes:
    return frame.split(b"\ndata: ", 1)[1].rstrip()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

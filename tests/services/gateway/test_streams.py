"""Waiting browsers: what they see, in what order, and when they must start anew (L2, L3, L4, L13)."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from guanjia.kit.auth import Caller
from guanjia.kit.calls import Message
from guanjia.kit.database import Database, Target, Transaction, service_metadata
from guanjia.kit.errors import BadRequest, Conflict
from guanjia.kit.feed import Event, FeedLog, FeedRow, publish
from guanjia.services.gateway import streams
from guanjia.services.gateway.streams import Streams, format_cursors, parse_cursors


class ThingSaid(Event, frozen=True, kw_only=True):
    text: str


class Stage:
    """One service's feed and the streams that follow it."""

    def __init__(self, folder: Path) -> None:
        metadata = service_metadata("demo")
        self.database = Database("demo", metadata, Target(folder), lambda: self.feed.grew())
        metadata.create_all(self.database.engine)
        self.feed = FeedLog(self.database)
        self.streams = Streams({"demo": self.feed})
        self.arrived = asyncio.Event()
        self.feed.subscribe(lambda _rows: self.arrived.set())

    async def __aenter__(self) -> "Stage":
        await self.feed.start()
        self.streams.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.streams.close()
        await self.feed.stop()
        self.database.close()

    async def say(self, text: str, *subjects: str, company: str = "c1", audience: Any = "staff") -> None:
        def action(tx: Transaction) -> None:
            publish(tx, ThingSaid(text=text), key="k", company_id=company, subjects=subjects, audience=audience)

        await self.database.write(action)

    async def reach(self, seq: int) -> None:
        async with asyncio.timeout(5):
            while self.feed.head < seq:
                self.arrived.clear()
                await self.arrived.wait()


class Browser:
    """A client that reads frames until it leaves."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.frames: list[str] = []
        self.left = asyncio.Event()
        self.changed = asyncio.Event()
        self.ended = False

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        body = message.get("body", b"").decode()
        for frame in filter(None, body.split("\n\n")):
            self.frames.append(frame)
            if frame.startswith("event: message"):
                self.texts.append(msgspec.json.decode(frame.split("\ndata: ")[1])["data"]["text"])
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.ended = True
        self.changed.set()

    async def until(self, count: int) -> None:
        await self._until(lambda: len(self.texts) >= count)

    async def until_frames(self, count: int) -> None:
        await self._until(lambda: len(self.frames) >= count)

    async def _until(self, is_met: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_met():
                self.changed.clear()
                await self.changed.wait()


def agent(*subjects: str, company: str = "c1") -> Caller:
    return Caller(kind="staff", id="a1", company_id=company, subjects=subjects)


def listen(stage: Stage, caller: Caller, after: dict[str, int] | None) -> tuple[Browser, "asyncio.Task[None]"]:
    browser = Browser()
    waiter = stage.streams.waiter({"demo": caller}, after, "s1", 9e9)
    return browser, asyncio.create_task(stage.streams.serve_sse(waiter, after is None, browser.receive, browser.send))


def test_cursors_round_trip_and_refuse_nonsense() -> None:
    assert parse_cursors("chat:812,crm:44") == {"chat": 812, "crm": 44}
    assert format_cursors({"crm": 44, "chat": 812}) == "chat:812,crm:44"
    for text in ("chat", "chat:", "chat:-1", "chat:x", "chat:99999999999999999999", "chat:٣"):
        with pytest.raises(BadRequest):
            parse_cursors(text)


def test_only_what_the_caller_may_see_arrives_in_order(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path) as stage:
            browser, task = listen(stage, agent("a1", "org"), None)
            await browser.until_frames(1)
            await stage.say("mine", "a1")
            await stage.say("another's", "a2")
            await stage.say("foreign company", "a1", company="c2")
            await stage.say("my organisation's", "org", "a2")
            await browser.until(2)
            assert browser.texts == ["mine", "my organisation's"]
            assert browser.frames[0].startswith("event: ready")
            assert "id: demo:4" in browser.frames[-1]
            browser.left.set()
            await task
            assert len(stage.streams) == 0

    asyncio.run(main())


def test_staff_audience_is_hidden_from_customers(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path) as stage:
            customer = Caller(kind="customer", id="u1", company_id="c1", subjects=("u1",))
            browser, task = listen(stage, customer, {"demo": 0})
            await stage.say("note", "u1")
            await stage.say("answer", "u1", audience="all")
            await browser.until(1)
            assert browser.texts == ["answer"]
            browser.left.set()
            await task

    asyncio.run(main())


def test_a_reconnect_replays_every_missed_event_once_while_more_arrive(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path) as stage:
            for number in range(1200):
                await stage.say(str(number), "a1")
            await stage.reach(1200)
            browser, task = listen(stage, agent("a1"), {"demo": 700})
            await asyncio.gather(*(stage.say(str(1200 + number), "a1") for number in range(50)))
            await browser.until(550)
            assert browser.texts[:500] == [str(number) for number in range(700, 1200)]
            assert sorted(browser.texts, key=int) == browser.texts[:500] + sorted(browser.texts[500:], key=int)
            assert len(set(browser.texts)) == 550
            browser.left.set()
            await task

    asyncio.run(main())


def test_a_cursor_beyond_the_head_or_before_the_floor_is_a_resync(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path) as stage:
            for number in range(5):
                await stage.say(str(number), "a1")
            await stage.reach(5)

            def drop_oldest(tx: Transaction) -> None:
                feed = tx.tables.feed
                tx.execute(feed.delete().where(feed.c.position <= 3))

            await stage.database.write(drop_oldest)
            for cursor in (99, 1):
                browser, task = listen(stage, agent("a1"), {"demo": cursor})
                await task
                assert browser.frames == ['event: resync\ndata: {"service":"demo"}']
                assert browser.ended
                waiter = stage.streams.waiter({"demo": agent("a1")}, {"demo": cursor}, "s1", 9e9)
                with pytest.raises(Conflict) as caught:
                    await stage.streams.serve_poll(waiter, 0, browser.send)
                assert caught.value.code == "resync"

    asyncio.run(main())


def test_hints_reach_those_who_may_see_and_carry_no_id(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path) as stage:
            browser, task = listen(stage, agent("a1"), None)
            other, other_task = listen(stage, agent("a2"), None)
            await asyncio.gather(browser.until_frames(1), other.until_frames(1))
            stage.streams.hint({"service": "demo", "name": "typing", "subjects": ["a1"], "data": {"x": 1}})
            await browser.until_frames(2)
            assert browser.frames[1] == 'event: hint\ndata: {"service":"demo","name":"typing","data":{"x":1}}'
            assert len(other.frames) == 1
            for one in (browser, other):
                one.left.set()
            await asyncio.gather(task, other_task)

    asyncio.run(main())


def test_closing_ends_every_stream_cleanly(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path) as stage:
            pairs = [listen(stage, agent("a1"), None) for _ in range(20)]
            await asyncio.gather(*(browser.until_frames(1) for browser, _ in pairs))
            await stage.streams.close()
            await asyncio.gather(*(task for _, task in pairs))
            assert all(browser.ended for browser, _ in pairs)

    asyncio.run(main())


class Stuck(Browser):
    """A client that takes the head of the answer and reads nothing more until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_read = asyncio.Event()
        self.is_stuck = asyncio.Event()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.is_stuck.set()
            await self.may_read.wait()
        await super().send(message)


def test_who_does_not_read_is_let_go_and_costs_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BUFFER_LIMIT", 2_000)

    async def main() -> None:
        async with Stage(tmp_path) as stage:
            browser = Stuck()
            waiter = stage.streams.waiter({"demo": agent("a1")}, None, "s1", 9e9)
            task = asyncio.create_task(stage.streams.serve_sse(waiter, True, browser.receive, browser.send))
            await browser.is_stuck.wait()
            for number in range(100):
                await stage.say(str(number), "a1")
            await stage.reach(100)
            assert waiter.is_closed
            assert waiter.size < 4_000
            assert sum(map(len, waiter.frames)) == waiter.size
            browser.may_read.set()
            async with asyncio.timeout(5):
                await task
            assert browser.ended
            missed = int(browser.frames[-1].split("id: demo:")[1].split("\n")[0])
            assert browser.texts == [str(number) for number in range(missed)]
            again, other = listen(stage, agent("a1"), {"demo": missed})
            async with asyncio.timeout(5):
                await other
            assert again.texts[0] == str(missed)

    asyncio.run(main())


def test_a_long_absence_is_caught_up_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BUFFER_LIMIT", 5_000)
    monkeypatch.setattr(streams, "CATCH_UP", 10)

    async def main() -> None:
        async with Stage(tmp_path) as stage:
            for number in range(200):
                await stage.say(str(number), "a1")
            await stage.reach(200)
            cursor, texts, rounds = 0, [], 0
            while cursor < 200:
                answers: list[Message] = []

                async def keep(message: Message, kept: list[Message] = answers) -> None:
                    kept.append(message)

                waiter = stage.streams.waiter({"demo": agent("a1")}, {"demo": cursor}, "s1", 9e9)
                await stage.streams.serve_poll(waiter, 0, keep)
                attribute = msgspec.json.decode(answers[1]["body"])["attribute"]
                assert len(answers[1]["body"]) < 7_000
                texts += [item["data"]["text"] for item in attribute["items"]]
                assert parse_cursors(attribute["cursors"])["demo"] > cursor
                cursor, rounds = parse_cursors(attribute["cursors"])["demo"], rounds + 1
            assert texts == [str(number) for number in range(200)]
            assert rounds > 3

    asyncio.run(main())


def test_a_closed_company_hears_nothing_more(tmp_path: Path) -> None:
    async def main() -> None:
        async with Stage(tmp_path) as stage:
            closed, closed_task = listen(stage, agent("a1"), None)
            open_, open_task = listen(stage, agent("a1", company="c2"), None)
            await asyncio.gather(closed.until_frames(1), open_.until_frames(1))
            for is_active in (True, False):
                data = msgspec.json.encode({"id": "c1", "is_active": is_active})
                row = FeedRow(1, "e", "company_changed", "k", "c1", "staff", ("c1",), data)
                stage.streams.end_sessions([row])
                assert open_.ended is False
            async with asyncio.timeout(5):
                await closed_task
            assert closed.ended
            await stage.say("still here", "a1", company="c2")
            await open_.until(1)
            open_.left.set()
            await open_task

    asyncio.run(main())

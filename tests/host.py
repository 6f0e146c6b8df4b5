"""A test's platform: services hosted in this process as ``guanjia up`` does it, without the gateway before them.

``Host`` makes the databases, the feeds and the listeners, and announces what the services announce. A test calls
routes as whoever it likes with ``request``, and waits with ``settle`` until every listener has heard everything.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from guanjia.contracts.auth import AuthAnnouncement, PermissionTitle
from guanjia.kit.auth import HEADER, PUBLIC, Caller, sign_caller
from guanjia.kit.calls import App, Calls, Directory, Receive, Scope, Send, call_app, segment
from guanjia.kit.database import Database, Reading, Target, new_id
from guanjia.kit.feed import FeedLog, FeedRow, Hears, ListenerRunner
from guanjia.kit.files import Files
from guanjia.kit.http import build_app, route_rows
from guanjia.kit.live import Live
from guanjia.kit.secrets import Secrets
from guanjia.kit.service import Context, Service
from guanjia.kit.settings import load_settings

SETTLE_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What a route answered: the true status, the headers, and the whole body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def attribute(self) -> Any:
        """The result of a success; fails the test when the route refused."""
        assert self.status < 400, f"{self.status} {self.body.decode(errors='replace')}"
        return self.envelope["attribute"]

    @property
    def items(self) -> list[Any]:
        """The rows of a list."""
        items: list[Any] = self.attribute["items"]
        return items

    @property
    def error(self) -> str:
        """The code of a refusal; fails the test when there was none."""
        assert self.status >= 400, f"{self.status} {self.body.decode(errors='replace')}"
        return str(self.envelope["attribute"]["error"])

    @property
    def fields(self) -> dict[str, str]:
        """The fields that a refusal names."""
        fields: dict[str, str] = self.envelope["attribute"]["fields"]
        return fields

    @property
    def cookies(self) -> dict[str, str]:
        """The cookie that the answer sets, by name."""
        name, _, value = self.headers.get("set-cookie", "").split(";", 1)[0].partition("=")
        return {name: value.strip('"')} if name else {}


def staff_caller(company_id: str, *organisations: str, staff_id: str = "", **more: Any) -> Caller:
    """A member of staff whose matched permission holds at ``organisations``; by default in the whole company."""
    staff_id = staff_id or new_id()
    more.setdefault("name", "王小明")
    subjects = (staff_id, *(organisations or (company_id,)))
    return Caller(kind="staff", id=staff_id, company_id=company_id, subjects=subjects, **more)


def service_caller(service: str, company_id: str = "", on_behalf_of: str = "") -> Caller:
    """Another service of the platform."""
    return Caller(kind="service", id=service, company_id=company_id, on_behalf_of=on_behalf_of)


class Host:
    """``services`` at work in this process: ``async with Host([SERVICE], url, folder) as host``.

    ``database_url`` is ``sqlite`` or the URL of a server with the prefix of its databases, which are made at the
    start and dropped at the end, unless ``is_kept``: then a second host at the same place is a restart. Jobs do not
    run by themselves: ``run_job`` runs one.
    """

    def __init__(
        self,
        services: Sequence[Service],
        database_url: str,
        folder: Path,
        *,
        is_demo: bool = False,
        base_url: str = "http://guanjia.test",
        settings: Mapping[str, msgspec.Struct] | None = None,
        is_kept: bool = False,
    ) -> None:
        self.directory = Directory()
        self.live = Live()
        self.secrets = Secrets(folder / "keys")
        self.files = Files(folder / "files", self.secrets)
        self.contexts: dict[str, Context] = {}
        self.feeds: dict[str, FeedLog] = {}
        self.runners: list[ListenerRunner] = []
        self._services = list(services)
        self._target = Target(folder, database_url)
        self._folder = folder
        self._is_demo = is_demo
        self._base_url = base_url
        self._settings = settings or {}
        self._is_kept = is_kept

    async def __aenter__(self) -> Host:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def _start(self) -> None:
        self.live.attach(asyncio.get_running_loop())
        for service in self._services:
            self.contexts[service.id] = context = self._context(service)
            self.directory.host(service.id, build_app(service, context))
        for feed in self.feeds.values():
            await feed.start()
        for service in self._services:
            if service.on_start is not None:
                await service.on_start(self.contexts[service.id])
        await self._listen()
        await self.announce()

    def _context(self, service: Service) -> Context:
        database = feed = None
        if service.metadata is not None:
            self._target.create(service.id)
            feeds = self.feeds
            name = service.id
            database = Database(name, service.metadata, self._target, lambda: feeds[name].grew())
            feed = self.feeds[name] = FeedLog(database)
            service.metadata.create_all(database.engine)
        settings = self._settings.get(service.id)
        if settings is None and service.settings is not None:
            settings = load_settings(service.settings, service.id, self._folder)
        return Context(
            service=service,
            database=database,
            feed=feed,
            calls=Calls(service.id, self.directory, self.secrets.platform_key),
            live=self.live,
            files=self.files,
            secrets=self.secrets,
            folder=self._folder,
            is_demo=self._is_demo,
            base_url=self._base_url,
            settings=settings,
        )

    async def _listen(self) -> None:
        for service in self._services:
            by_feed: dict[str, list[Hears]] = {}
            for one in service.hears:
                by_feed.setdefault(one.service, []).append(one)
            for name, hears in by_feed.items():
                if name in self.feeds:
                    context = self.contexts[service.id]
                    runner = ListenerRunner(context, context.database, self.feeds[name], hears)
                    self.runners.append(runner)
                    await runner.start()

    async def announce(self) -> None:
        """Send every announcement whose reader is hosted here; to ``auth`` also the routes and permissions."""
        for service in self._services:
            announced = {one.reader: one.content for one in service.announces}
            if "auth" in self.contexts:
                announced["auth"] = _for_auth(service, announced.get("auth"))
            for reader, content in announced.items():
                if reader not in self.contexts:
                    continue
                digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()
                path = f"/announcements/{segment(service.id)}/{digest}"
                caller = service_caller(service.id)
                answer = await self.request(reader, "PUT", path, caller=caller, body=content)
                assert answer.status == 200, answer.body

    async def stop(self) -> None:
        """End everything and drop the databases that were made, unless they are kept."""
        for runner in self.runners:
            await runner.stop()
        for feed in self.feeds.values():
            await feed.stop()
        for context in self.contexts.values():
            for part in context.parts():
                if hasattr(part, "close"):
                    await part.close()
            if context.service.metadata is not None:
                context.database.close()
                if not self._is_kept:
                    self._target.drop(context.service.id)

    def database(self, service: str) -> Database:
        """The database of a hosted service, to look behind its routes or to run an action."""
        return self.contexts[service].database

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        caller: Caller = PUBLIC,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        address: str = "192.0.2.1",
        is_signed: bool = True,
    ) -> Answer:
        """One request as the gateway would hand it on: ``path`` without the service's prefix, percent-encoded.

        ``body`` is sent as JSON, ``content`` as it is (name its ``content-type``); a query value None is left out.
        """
        app = self.directory.find(service)
        assert app is not None, f"{service} is not hosted"
        sent = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        if is_signed:
            sent.append((HEADER, sign_caller(self.secrets.platform_key, caller, service)))
        if content is None:
            content = b"" if body is None else msgspec.json.encode(body)
            sent.append((b"content-type", b"application/json"))
        text = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        reply = await call_app(_from(app, address), method, path, sent, content, text, SETTLE_SECONDS)
        answered = {name.decode().lower(): value.decode() for name, value in reply.headers.items()}
        return Answer(reply.status, answered, reply.body)

    async def settle(self) -> None:
        """Wait until all that was published has been numbered and heard, with what the listeners published in turn."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while not await self._is_settled():  # noqa: ASYNC110 -- a listener's cursor tells nobody that it moved
                await asyncio.sleep(0.005)

    async def _is_settled(self) -> bool:
        before = await self._heads()
        has_heard_all = all(
            runner.is_stopped_beyond_head or runner.cursor >= before.get(runner.source.service, -1)
            for runner in self.runners
        )
        # What was heard in between may have been published in turn.
        return -1 not in before.values() and has_heard_all and await self._heads() == before

    async def _heads(self) -> dict[str, int]:
        """The last number of each feed, or -1 where it is not handed out or not seen yet."""
        heads: dict[str, int] = {}
        for name, feed in self.feeds.items():
            last = await feed.database.read(_last_number)
            heads[name] = -1 if last is None or feed.head < last else last
        return heads

    async def head(self, service: str) -> int:
        """The present end of a feed, when everything before has been heard: what ``events`` shall begin after."""
        await self.settle()
        return self.feeds[service].head

    async def events(self, service: str, name: str = "", after: int = 0) -> list[FeedRow]:
        """The feed of a service after ``after``, all of it or the events called ``name``."""
        await self.settle()
        rows = await self.feeds[service].read(after, 10_000)
        return [row for row in rows if not name or row.name == name]

    async def parked(self) -> list[str]:
        """What listeners could not take, with the reason; a healthy test has none."""
        found = []
        for context in self.contexts.values():
            if context.service.metadata is not None:
                found += await context.database.read(_parked)
        return found

    async def run_job(self, service: str, name: str) -> None:
        """Run one job of a service now."""
        job = next(job for job in self.contexts[service].service.jobs if job.name == name)
        await job.run(self.contexts[service])


def _for_auth(service: Service, content: msgspec.Struct | None) -> AuthAnnouncement:
    menus = content.menus if isinstance(content, AuthAnnouncement) else []
    titles = [PermissionTitle(name=name, titles=dict(words)) for name, words in service.permissions.items()]
    return AuthAnnouncement(permissions=titles, rows=route_rows(service), menus=menus)


def _from(app: App, address: str) -> App:
    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        scope["client"] = (address, 40_000)
        await app(scope, receive, send)

    return called


def _last_number(reading: Reading) -> int | None:
    """The highest number of the feed; None while rows wait for theirs."""
    feed = reading.tables.feed
    if reading.dialect == "sqlite":
        return int(reading.scalar(sa.select(sa.func.max(feed.c.position))) or 0)
    if reading.one(sa.select(feed.c.position).where(feed.c.seq.is_(None)).limit(1)) is not None:
        return None
    return int(reading.scalar(sa.select(sa.func.max(feed.c.seq))) or 0)


def _parked(reading: Reading) -> list[str]:
    parked = reading.tables.parked
    return [f"{row.name} {row.seq}: {row.error}" for row in reading.rows(sa.select(parked))]

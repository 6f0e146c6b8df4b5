"""All services of one process: databases, feeds, apps, announcements, listeners, jobs, and the door before them."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets as randomness
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from sqlalchemy.exc import OperationalError

from guanjia.app.migrate import migrate
from guanjia.contracts.auth import AuthAnnouncement, PermissionTitle
from guanjia.kit import clock
from guanjia.kit.calls import Calls, Directory, segment
from guanjia.kit.database import Database, Target
from guanjia.kit.errors import GuanjiaError, StartRefused
from guanjia.kit.feed import FeedLog, ListenerRunner
from guanjia.kit.files import Files
from guanjia.kit.http import build_app, forget_old_keys, route_rows
from guanjia.kit.jobs import Job, JobRunner
from guanjia.kit.live import Live
from guanjia.kit.outgoing import OutgoingRunner
from guanjia.kit.secrets import Secrets
from guanjia.kit.service import Context, Service
from guanjia.kit.settings import load_settings
from guanjia.services.gateway.door import Door

log = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 3600.0
PAGES = Path(__file__).parent.parent / "web"


class Platform:
    """The services of one process at work."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        folder: Path,
        database: str = "sqlite",
        is_demo: bool = False,
        base_url: str = "",
        progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.services = tuple(services)
        self.folder = folder
        self.is_demo = is_demo
        self.base_url = base_url
        self.live = Live()
        self.secrets = Secrets(folder / "keys")
        self.files = Files(folder / "media", self.secrets)
        self.directory = Directory()
        self.feeds: dict[str, FeedLog] = {}
        self.contexts: dict[str, Context] = {}
        self.databases: dict[str, Database] = {}
        self.is_open = False
        self.demo_progress: dict[str, int] = {"done": 0, "total": 0}
        self._target = Target(folder, database)
        self._progress = progress
        self._owner = f"{os.getpid()}-{randomness.token_hex(4)}"
        self._listeners: dict[tuple[str, str], ListenerRunner] = {}
        self._jobs: list[JobRunner] = []
        self._outgoing: list[OutgoingRunner] = []
        self._door: Door | None = None

    @property
    def door(self) -> Door:
        """The ASGI app before all services."""
        if self._door is None:
            raise RuntimeError("the platform is not started")
        return self._door

    def listener(self, service: str, source: str) -> ListenerRunner:
        """The runner that carries the feed of ``source`` to ``service``."""
        return self._listeners[service, source]

    async def start(self) -> None:
        """Bring everything up, the door last."""
        self.live.attach(asyncio.get_running_loop())
        for service in self.services:
            try:
                await self._host(service)
            except OperationalError as error:
                reason = str(error.orig).strip().partition("\n")[0]
                raise StartRefused(f"The database of {service.id} can't be used: {reason}.") from error
        gateway = self.contexts["gateway"]
        self._door = Door(gateway, self.directory, self.feeds, PAGES, self._health)
        for service in self.services:
            if service.on_start is not None:
                await service.on_start(self.contexts[service.id])
        for service in self.services:
            await self._announce(service)
        await self._door.start()
        for service in self.services:
            await self._start_workers(service)

    async def stop(self) -> None:
        """Close the door, stop the workers, let go of the databases."""
        if self._door is not None:
            await self._door.close()
        workers: list[JobRunner | ListenerRunner | OutgoingRunner] = [*self._jobs, *self._outgoing]
        workers += self._listeners.values()
        await asyncio.gather(*(worker.stop() for worker in workers))
        for context in self.contexts.values():
            for part in context.parts():
                if hasattr(part, "close"):
                    await part.close()
        await asyncio.gather(*(feed.stop() for feed in self.feeds.values()))
        for database in self.databases.values():
            await asyncio.to_thread(database.close)

    async def _host(self, service: Service) -> None:
        feed: FeedLog | None = None
        database: Database | None = None
        if service.metadata is not None:
            self._target.create(service.id)
            database = Database(service.id, service.metadata, self._target, lambda: self._grew(service.id))
            self.databases[service.id] = database
            if await asyncio.to_thread(migrate, service, database):
                self._progress(f"{service.id}: tables ready")
            feed = FeedLog(database)
            self.feeds[service.id] = feed
            await feed.start()
        settings = load_settings(service.settings, service.id, self.folder) if service.settings else None
        context = Context(
            service=service,
            database=database,
            feed=feed,
            calls=Calls(service.id, self.directory, self.secrets.platform_key),
            live=self.live,
            files=self.files,
            secrets=self.secrets,
            folder=self.folder,
            is_demo=self.is_demo,
            base_url=self.base_url,
            settings=settings,
        )
        self.contexts[service.id] = context
        self.directory.host(service.id, build_app(service, context))

    def _grew(self, service: str) -> None:
        feed = self.feeds.get(service)
        if feed is not None:
            feed.grew()

    async def _announce(self, service: Service) -> None:
        """Tell each reader what the service offers; a known content costs one look-up."""
        auth = AuthAnnouncement(
            permissions=[PermissionTitle(name=n, titles=dict(t)) for n, t in sorted(service.permissions.items())],
            rows=route_rows(service),
        )
        contents: dict[str, msgspec.Struct] = {"auth": auth}
        for one in service.announces:
            if one.reader == "auth":
                assert isinstance(one.content, AuthAnnouncement)
                contents["auth"] = msgspec.structs.replace(auth, menus=one.content.menus)
            elif self.directory.find(one.reader) is not None:
                contents[one.reader] = one.content
        calls = self.contexts[service.id].calls
        for reader, content in contents.items():
            digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]
            path = f"/announcements/{segment(service.id)}/{digest}"
            await calls.request(reader, "PUT", path, body=content, returns=dict)

    async def _start_workers(self, service: Service) -> None:
        context = self.contexts[service.id]
        if service.metadata is None:
            return
        by_source: dict[str, list[Any]] = {}
        for hears in service.hears:
            by_source.setdefault(hears.service, []).append(hears)
        for source, hears_list in by_source.items():
            if source in self.feeds:
                runner = ListenerRunner(context, context.database, self.feeds[source], hears_list)
                self._listeners[service.id, source] = runner
                await runner.start()
        if service.outgoing:
            outgoing = OutgoingRunner(context, service.outgoing)
            self._outgoing.append(outgoing)
            await outgoing.start()
        housekeeping = Job("housekeeping", HOUSEKEEPING_SECONDS, self._keep_house)
        for job in (*service.jobs, housekeeping):
            runner_of_job = JobRunner(context, context.database, self.live, job, self._owner)
            self._jobs.append(runner_of_job)
            runner_of_job.start()

    async def _keep_house(self, context: Context) -> None:
        """Forget old idempotency keys, and feed rows that are old and passed by every listener."""
        await context.database.write(forget_old_keys)
        name = context.service.id
        passed = [runner.cursor for (_, source), runner in self._listeners.items() if source == name]
        while await context.feed.purge(min(passed, default=context.feed.head)) == 500:
            pass

    def _health(self) -> dict[str, Any] | None:
        if not self.is_open:
            return None
        health: dict[str, Any] = {"status": "up", "demo": self.is_demo, "now": clock.text(clock.now())}
        if self.is_demo:
            health["demo_data"] = dict(self.demo_progress)
        return health


class Client:
    """Calls through the door as a person would make them, from within the process; for first data."""

    def __init__(self, platform: Platform, session: aiohttp.ClientSession) -> None:
        self._platform = platform
        self._session = session
        self.token = ""

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """The ``attribute`` of the answer; GuanjiaError for a refusal."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else msgspec.json.encode(body)
        url = self._platform.base_url + path
        async with self._session.request(method, url, data=data, headers=headers) as answer:
            envelope = msgspec.json.decode(await answer.read())
        if envelope["code"] != 1:
            error = GuanjiaError(envelope["attribute"]["error"])
            error.status = answer.status
            error.fields = envelope["attribute"].get("fields", {})
            error.add_note(f"{answer.status} {method} {path} {error.fields}")
            raise error
        return envelope["attribute"]

    async def sign_in(self, login: str, password: str) -> None:
        """Use this person's token from now on."""
        attribute = await self.request("POST", "/auth/tokens", {"login": login, "password": password})
        self.token = attribute["access_token"]

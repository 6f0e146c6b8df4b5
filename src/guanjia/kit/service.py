"""What a service is: its manifest, and the context that its routes, listeners and jobs get."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import MetaData

from guanjia.kit.auth import CallerKind
from guanjia.kit.calls import App, Calls
from guanjia.kit.database import Database
from guanjia.kit.feed import FeedLog, Hears
from guanjia.kit.files import Files
from guanjia.kit.jobs import Job
from guanjia.kit.live import Live
from guanjia.kit.outgoing import Channel
from guanjia.kit.secrets import Secrets

P = TypeVar("P")
S = TypeVar("S", bound=msgspec.Struct)


class Context:
    """One hosted service at work: its database, feed, and its ways to the outside."""

    def __init__(
        self,
        *,
        service: Service,
        database: Database | None,
        feed: FeedLog | None,
        calls: Calls,
        live: Live,
        files: Files,
        secrets: Secrets,
        folder: Path,
        is_demo: bool,
        base_url: str,
        settings: msgspec.Struct | None,
    ) -> None:
        self.service = service
        self.calls = calls
        self.live = live
        self.files = files
        self.secrets = secrets
        self.folder = folder
        self.is_demo = is_demo
        self.base_url = base_url
        self._database = database
        self._feed = feed
        self._settings = settings
        self._parts: dict[type[Any], Any] = {}

    @property
    def database(self) -> Database:
        """The service's own database."""
        if self._database is None:
            raise RuntimeError(f"{self.service.id} keeps no database")
        return self._database

    @property
    def feed(self) -> FeedLog:
        """The service's own feed."""
        if self._feed is None:
            raise RuntimeError(f"{self.service.id} has no feed")
        return self._feed

    def settings(self, kind: type[S]) -> S:
        """The service's typed settings."""
        if not isinstance(self._settings, kind):
            raise RuntimeError(f"{self.service.id} has no settings of kind {kind.__name__}")
        return self._settings

    def part(self, kind: type[P]) -> P:
        """The service's one object of ``kind`` (a client, a cache), made as ``kind(context)`` when first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind(self)  # type: ignore[call-arg]  # a part takes the context
        part: P = self._parts[kind]
        return part

    def parts(self) -> list[Any]:
        """The parts that were made, to be closed (``await part.close()`` where it has one)."""
        return list(self._parts.values())


@dataclass(frozen=True)
class Mount:
    """A raw ASGI app below ``path`` of a service, for protocols with a format of their own."""

    path: str
    app: Callable[[Context], App]
    methods: tuple[str, ...]
    callers: tuple[CallerKind, ...]
    permission: str = ""


@dataclass(frozen=True)
class Announcement:
    """What a service offers to another: sent at start to ``PUT /READER/announcements/{service}/{hash}``."""

    reader: str
    content: msgspec.Struct


@dataclass(frozen=True)
class Service:
    """The manifest: everything that ``app`` needs to host a service. The first file to read."""

    id: str
    titles: Mapping[str, str]
    metadata: MetaData | None = None
    routes: Sequence[Any] = ()
    mounts: Sequence[Mount] = ()
    calls: frozenset[str] = frozenset()
    hears: Sequence[Hears] = ()
    jobs: Sequence[Job] = ()
    outgoing: Sequence[Channel] = ()
    announces: Sequence[Announcement] = ()
    settings: type[msgspec.Struct] | None = None
    words: Path | None = None
    migrations: Path | None = None
    permissions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    feed_permission: str = ""  # what staff need to see this service's events live
    on_start: Callable[[Context], Awaitable[None]] | None = None

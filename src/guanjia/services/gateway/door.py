"""The platform's one ASGI app: every request enters here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec

from guanjia.contracts.auth import AuthClient, Session
from guanjia.kit import clock, metrics
from guanjia.kit import log as request_log
from guanjia.kit.auth import HEADER, Caller, sign_caller
from guanjia.kit.calls import App, Directory, Message, Receive, Scope, Send
from guanjia.kit.database import new_id
from guanjia.kit.errors import BadRequest, Forbidden, GuanjiaError, NotFound, NotSignedIn, Unavailable
from guanjia.kit.feed import FeedLog
from guanjia.kit.http import header, reply, send_failure
from guanjia.kit.service import Context
from guanjia.kit.words import Words, locale, pick_locale
from guanjia.services.gateway.pages import APPS, Pages
from guanjia.services.gateway.policies import Gatekeeper
from guanjia.services.gateway.rules import plain_path, split_service
from guanjia.services.gateway.streams import Streams, parse_cursors

log = logging.getLogger(__name__)

EMULATOR_ROOTS = frozenset({"cgi-bin", "sns", "connect", "customservice", "semantic", "v3"})
BODY_SECONDS = 30.0
REQUESTS = metrics.Counter("guanjia_requests_total", "Answers of the gateway", ["status"])
DENIALS_KEPT = 200
_DROPPED = frozenset({HEADER, b"x-request-id"})


class Door:
    """Routes, admits and passes on. ``health`` gives what ``GET /health`` shows, None before the doors are open."""

    def __init__(
        self,
        context: Context,
        directory: Directory,
        feeds: Mapping[str, FeedLog],
        pages: Path,
        health: Callable[[], dict[str, Any] | None],
    ) -> None:
        self._directory = directory
        self._key = context.secrets.platform_key
        self._is_demo = context.is_demo
        self._auth = AuthClient(context.calls)
        self._calls = context.calls
        self._health = health
        self._pages = Pages(pages, context.files)
        self._words = Words([context.service.words] if context.service.words else [])
        self._denials: list[dict[str, Any]] = []
        self._task: asyncio.Task[None] | None = None
        self.gatekeeper = Gatekeeper(self._auth)
        self.streams = Streams(feeds)
        self._live = context.live
        self._feeds = feeds

    async def start(self) -> None:
        """Read the policies and hear ``auth``."""
        await self.gatekeeper.load()
        self.streams.start()
        if "auth" in self._feeds:
            self._feeds["auth"].subscribe(self.gatekeeper.hear)
            self._feeds["auth"].subscribe(self.streams.end_sessions)
        self._live.subscribe("hint", self.streams.hint)
        self._task = asyncio.create_task(self._report_denials(), name="gateway-denials")

    async def close(self) -> None:
        """End streams first, so that the server need not wait for them."""
        await self.streams.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        request_id = new_id()
        request_log.request_id.set(request_id)
        locale.set(pick_locale(header(scope, b"accept-language").decode("latin-1")))
        has_started = False
        start: Message | None = None

        async def stamped(message: Message) -> None:
            """Adds our headers; a whole answer gets its length, so that no client has to read chunks."""
            nonlocal has_started, start
            has_started = True
            if message["type"] == "http.response.start":
                REQUESTS.add(str(message["status"]))
                start = {**message, "headers": _stamp(message.get("headers", ()), request_id)}
                return
            if start is not None:
                begin, start = start, None
                if not message.get("more_body", False) and begin["status"] not in (204, 304):
                    _add_length(begin["headers"], message.get("body", b""))
                await send(begin)
            await send(message)

        try:
            await self._route(scope, receive, stamped, request_id)
        except GuanjiaError as error:
            await send_failure(error, self._words, stamped)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if not has_started:
                await send_failure(GuanjiaError(), self._words, stamped)

    async def _route(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = plain_path(raw)
        method = scope["method"]
        first, rest = split_service(path)
        if first == "health" and rest == "/":
            await self._send_health(send)
            return
        if first == "metrics" and rest == "/" and _is_local(scope):
            await _send_metrics(send)
            return
        if first in ("", *APPS, "assets", "files"):
            await self._serve_file(scope, first, f"/{first}{path[1 + len(first) :]}", send)
            return
        if method == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if first == "gateway":
            await self._own(scope, rest, receive, send)
            return
        if first in EMULATOR_ROOTS and self._is_demo:
            first, rest = "emulator", path
        app = self._directory.find(first)
        if app is None or first == "gateway":
            raise NotFound("service_unknown")
        if self.gatekeeper.is_stale:
            await self.gatekeeper.load()
        row = self.gatekeeper.row(first, method, rest)
        try:
            caller = await self.gatekeeper.admit(row, header(scope, b"authorization").decode("latin-1"), locale.get())
        except Forbidden:
            await self._note_denial(scope, first, method, rest)
            raise
        inner = {
            **scope,
            "path": rest,
            "raw_path": rest.encode(),
            "root_path": "",
            "headers": [
                *((key, value) for key, value in scope["headers"] if key not in _DROPPED),
                (HEADER, sign_caller(self._key, caller, first)),
                (b"x-request-id", request_id.encode()),
            ],
            "state": {},
        }
        await _pass_on(app, inner, receive, send)

    async def _own(self, scope: Scope, rest: str, receive: Receive, send: Send) -> None:
        """The gateway's own few routes."""
        if scope["method"] != "GET":
            raise NotFound()
        if rest == "/time":
            await _send_json(send, reply({"now": clock.now(), "is_demo": self._is_demo}))
        elif rest == "/events":
            await self._events(scope, receive, send)
        else:
            raise NotFound()

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.gatekeeper.is_stale:
            await self.gatekeeper.load()
        session = await self.gatekeeper.session(header(scope, b"authorization").decode("latin-1"))
        query = parse_qs(scope["query_string"].decode("latin-1"))
        after = parse_cursors(query["after"][0]) if "after" in query else None
        named = [name for name in ",".join(query.get("services", [])).split(",") if name]
        callers = self._stream_callers(session, named or list(after or self.streams.feeds))
        if not callers:
            raise Forbidden()
        if self.streams.is_closing:
            raise Unavailable(retry_after=2)
        waiter = self.streams.waiter(callers, after, session.id, session.expires_at.timestamp())
        if b"text/event-stream" in header(scope, b"accept"):
            await self.streams.serve_sse(waiter, after is None, receive, send)
            return
        wait = query.get("wait", ["25"])[0]
        if not wait.isascii() or not wait.isdigit():
            raise BadRequest("malformed")
        await self.streams.serve_poll(waiter, float(wait), send)

    def _stream_callers(self, session: Session, services: list[str]) -> dict[str, Caller]:
        """The caller for each named feed that the session may read."""
        callers: dict[str, Caller] = {}
        for service in services:
            if service in self.streams.feeds:
                try:
                    row = self.gatekeeper.row(service, "GET", "/events")
                    callers[service] = self.gatekeeper.caller(session, row, locale.get())
                except (NotFound, Forbidden):
                    continue
        return callers

    async def _serve_file(self, scope: Scope, first: str, path: str, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            raise NotFound()
        if first == "":
            await _redirect(send, b"/console/")
        elif first == "files":
            await self._pages.media(scope, path.rpartition("/")[2], send)
        elif path == f"/{first}" and first in APPS:
            await _redirect(send, f"/{first}/".encode())
        elif first == "phone" and not self._is_demo:
            raise NotFound()
        else:
            await self._pages.page(scope, path, send)

    async def _send_health(self, send: Send) -> None:
        health = self._health()
        body = msgspec.json.encode(health or {"status": "starting"})
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200 if health else 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _note_denial(self, scope: Scope, service: str, method: str, path: str) -> None:
        """Remember a refusal for the audit trail; bounded, so that a flood costs no memory."""
        if len(self._denials) >= DENIALS_KEPT:
            return
        try:
            session = await self.gatekeeper.session(header(scope, b"authorization").decode("latin-1"))
        except NotSignedIn:
            return
        self._denials.append(
            {
                "company_id": session.company_id,
                "actor_id": session.person_id,
                "actor_name": session.name,
                "action": "request_denied",
                "object_kind": "route",
                "object_id": f"{method} /{service}{path}"[:200],
            }
        )

    async def _report_denials(self) -> None:
        while True:
            await asyncio.sleep(2.0)
            if self.gatekeeper.is_stale:
                try:
                    await self.gatekeeper.load()
                except GuanjiaError:
                    log.warning("the policies could not be read; the last ones stand")
            if self._denials:
                denials, self._denials = self._denials, []
                try:
                    body = {"entries": denials}
                    await self._calls.request("auth", "POST", "/audit-entries", body=body, returns=dict)
                except GuanjiaError:
                    log.warning("%d denials could not be written to the audit trail", len(denials))


async def _pass_on(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Hand the ASGI call to the hosted service; a body must arrive within 30 seconds."""
    deadline = time.monotonic() + BODY_SECONDS
    is_complete = False

    async def timely() -> Message:
        nonlocal is_complete
        if is_complete:
            return await receive()
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                message = await receive()
        except TimeoutError as error:
            raise BadRequest("body_too_slow") from error
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            is_complete = True
        return message

    await app(scope, timely, send)


def _is_local(scope: Scope) -> bool:
    """Metrics are for whoever watches this machine; to others, and past a proxy on it, they are not there."""
    if header(scope, b"x-forwarded-for") or header(scope, b"forwarded"):
        return False
    return bool(scope.get("client")) and scope["client"][0] in ("127.0.0.1", "::1")


async def _send_metrics(send: Send) -> None:
    headers = [(b"content-type", metrics.CONTENT_TYPE.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": metrics.render().encode()})


def _stamp(headers: Any, request_id: str) -> list[tuple[bytes, bytes]]:
    stamped = [
        *headers,
        (b"x-request-id", request_id.encode()),
        (b"x-guanjia-time", clock.text(clock.now()).encode()),
        (b"referrer-policy", b"same-origin"),
    ]
    if not any(key == b"x-content-type-options" for key, _ in stamped):
        stamped.append((b"x-content-type-options", b"nosniff"))
    return stamped


def _add_length(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    if not any(key == b"content-length" for key, _ in headers):
        headers.append((b"content-length", str(len(body)).encode()))


async def _send_json(send: Send, body: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(body)})


async def _redirect(send: Send, location: bytes) -> None:
    await send({"type": "http.response.start", "status": 307, "headers": [(b"location", location)]})
    await send({"type": "http.response.body", "body": b""})

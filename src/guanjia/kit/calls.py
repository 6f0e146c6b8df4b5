"""Call a service by name: in this process a direct ASGI call with a fresh context and a deadline.

The caller header is made here: kind ``service``, the own id, the company and the person on whose behalf. Never
call inside an action, never in a loop: offer a batch route.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from guanjia.kit import log
from guanjia.kit.auth import HEADER, Caller, sign_caller
from guanjia.kit.errors import BY_STATUS, GuanjiaError, Unavailable

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

T = TypeVar("T")
DEADLINE_SECONDS = 5.0


class Directory:
    """Which services live in this process: service id → ASGI app. The registry's thin beginning."""

    def __init__(self) -> None:
        self._apps: dict[str, App] = {}

    def host(self, service: str, app: App) -> None:
        """Make a service reachable."""
        self._apps[service] = app

    def find(self, service: str) -> App | None:
        """The app of a service, or None when it was never seen."""
        return self._apps.get(service)

    def names(self) -> list[str]:
        """Ids of the services that are here."""
        return sorted(self._apps)


class Refused(GuanjiaError):
    """Another service refused; status, code and data are its own."""

    def __init__(self, status: int, code: str, data: dict[str, Any]) -> None:
        super().__init__(code, **data)
        self.status = status


@dataclass
class Reply:
    """A whole answer of an ASGI app."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


class Calls:
    """The client side of one service."""

    def __init__(self, service: str, directory: Directory, platform_key: bytes) -> None:
        self.service = service
        self._directory = directory
        self._key = platform_key

    async def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        returns: type[T],
        body: Any = None,
        query: Mapping[str, str] | None = None,
        company_id: str = "",
        on_behalf_of: str = "",
        timeout: float = DEADLINE_SECONDS,
    ) -> T:
        """The ``attribute`` of the answer, as ``returns``.

        Refused for an answer that is no success, Unavailable when the service is not there or too slow. ``path``
        is already percent-encoded (``segment``).
        """
        app = self._directory.find(service)
        if app is None:
            raise Unavailable("service_unavailable", retry_after=2, service=service)
        caller = Caller(kind="service", id=self.service, company_id=company_id, on_behalf_of=on_behalf_of)
        headers = [
            (HEADER, sign_caller(self._key, caller, service)),
            (b"content-type", b"application/json"),
            (b"x-request-id", log.request_id.get().encode()),
        ]
        payload = b"" if body is None else msgspec.json.encode(body)
        reply = await call_app(app, method, path, headers, payload, urlencode(query or {}), timeout)
        if reply.status >= 400:
            raise _refusal(reply)
        return msgspec.json.decode(reply.body, type=_Answer[returns]).attribute  # type: ignore[valid-type]  # built at run time


class _Answer(msgspec.Struct, Generic[T]):
    attribute: T


class _Failure(msgspec.Struct):
    attribute: dict[str, Any]
    message: str = ""


def _refusal(reply: Reply) -> GuanjiaError:
    try:
        failure = msgspec.json.decode(reply.body, type=_Failure)
    except msgspec.MsgspecError:
        failure = _Failure(attribute={"error": "internal_error"})
    code = str(failure.attribute.get("error", "internal_error"))
    if reply.status in (429, 503):
        return BY_STATUS[reply.status](code, retry_after=2)
    data = {key: value for key, value in failure.attribute.items() if key not in ("error", "fields", "request_id")}
    return Refused(reply.status, code, data)


def segment(value: str) -> str:
    """``value`` as one path segment."""
    return quote(value, safe="")


async def call_app(
    app: App, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes, query: str, timeout: float
) -> Reply:
    """One request to an ASGI app, its answer buffered; Unavailable after ``timeout`` seconds."""
    reply = Reply()
    is_sent = False

    async def receive() -> Message:
        nonlocal is_sent
        if is_sent:
            await asyncio.Event().wait()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = dict(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            reply.body += message.get("body", b"")

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }
    task = asyncio.get_running_loop().create_task(_run(app(scope, receive, send)), context=contextvars.copy_context())
    try:
        async with asyncio.timeout(timeout):
            await task
    except TimeoutError as error:
        raise Unavailable("service_too_slow", retry_after=2) from error
    return reply


async def _run(call: Awaitable[None]) -> None:
    await call

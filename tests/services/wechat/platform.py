"""A small WeChat: the few interfaces that the service calls, on a real port, scripted by the test."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 20
AMR = b"#!AMR\n" + b"voice" * 20


@dataclass
class Call:
    """One call that arrived."""

    path: str
    query: dict[str, str]
    body: Any
    upload: bytes = b""


@dataclass
class Platform:
    """WeChat as a test wants it. ``refusals``: by path, errcodes to answer with first, one a call."""

    address: str = ""
    calls: list[Call] = field(default_factory=list)
    refusals: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    # Tokens that count, and how many were handed out.
    tokens: set[str] = field(default_factory=set)
    issued: int = 0
    media: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    # Files that need no token, by path.
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    fans: dict[str, dict[str, Any]] = field(default_factory=dict)
    # A path whose calls wait for this before they are answered.
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    # A path whose connection is cut after the call was read.
    cuts: set[str] = field(default_factory=set)

    def of(self, path: str) -> list[Call]:
        """The calls of one interface so far."""
        return [call for call in self.calls if call.path == path]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        upload = b""
        body: Any = None
        if request.content_type == "multipart/form-data":
            part = await (await request.multipart()).next()
            assert part is not None
            upload = bytes(await part.read())  # type: ignore[union-attr]  # one part, no nested multipart
        elif request.can_read_body:
            body = await request.json()
        call = Call(request.path, dict(request.query), body, upload)
        self.calls.append(call)
        if request.path in self.gates:
            await self.gates[request.path].wait()
        if request.path in self.cuts:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return self._answer(call)

    def _answer(self, call: Call) -> web.StreamResponse:
        if self.refusals[call.path]:
            return refuse(self.refusals[call.path].pop(0))
        if call.path in ("/cgi-bin/stable_token", "/cgi-bin/token"):
            return self._token(call)
        if call.path in self.files:
            content, kind = self.files[call.path]
            return web.Response(body=content, content_type=kind)
        if call.query.get("access_token") not in self.tokens:
            return refuse(40001)
        if call.path == "/cgi-bin/media/upload":
            return web.json_response({"type": "image", "media_id": f"up-{len(self.calls)}", "created_at": 1})
        if call.path == "/cgi-bin/media/get":
            if call.query["media_id"] not in self.media:
                return refuse(40007)
            content, kind = self.media[call.query["media_id"]]
            return web.Response(body=content, content_type=kind)
        if call.path == "/cgi-bin/user/info":
            openid = call.query["openid"]
            return web.json_response(self.fans.get(openid, {"subscribe": 1, "openid": openid, "remark": ""}))
        if call.path == "/cgi-bin/getcallbackip":
            return web.json_response({"ip_list": ["127.0.0.1"]})
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def _token(self, call: Call) -> web.StreamResponse:
        keys = call.body or call.query
        if keys["secret"] == "wrong":
            return refuse(40125)
        self.issued += 1
        token = f"token-{self.issued}"
        self.tokens.add(token)
        return web.json_response({"access_token": token, "expires_in": 7200})


def refuse(errcode: int) -> web.Response:
    return web.json_response({"errcode": errcode, "errmsg": "refused rid: 1-2-3"})


async def start_platform() -> tuple[Platform, web.AppRunner]:
    """A platform that listens; end it with ``await runner.cleanup()``."""
    platform = Platform()
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", platform.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    platform.address = f"http://{host}:{port}"
    return platform, runner

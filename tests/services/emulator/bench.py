"""The emulator on a test's bench: hosted alone, its addresses called as the gateway would, and over a local port."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from guanjia.kit import clock
from guanjia.kit.auth import HEADER, PUBLIC, sign_caller
from guanjia.kit.calls import Receive, Scope, Send
from guanjia.services.emulator.manifest import SERVICE
from tests.host import Answer, Host

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 60
WAIT_SECONDS = 15.0

T = TypeVar("T")


class Bench:
    """A hosted emulator with short words for what tests do with it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.account: dict[str, str] = {}
        self.token = ""

    async def control(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """A call of the control API."""
        return await self.host.request("emulator", method, path, body=body, **options)

    async def add_account(self, **changes: Any) -> dict[str, Any]:
        """A verified service account in plain mode, unless ``changes`` say otherwise."""
        account: dict[str, Any] = {
            "secret": secrets.token_hex(16),
            "original_id": f"gh_{secrets.token_hex(6)}",
            "name": "安行汽车",
            "kind": "service_verified",
            "token": "QDG6eK",
            "aes_key": AES_KEY,
            "mode": "plain",
            **changes,
        }
        appid = changes.get("appid") or f"wx{secrets.token_hex(8)}"
        account.pop("appid", None)
        answer = await self.control("PUT", f"/accounts/{appid}", account)
        assert answer.attribute["appid"] == appid
        return {"appid": appid, **account}

    async def sign_in(self, account: Mapping[str, Any]) -> str:
        """An access token of the account, used by ``api`` from now on."""
        self.account = dict(account)
        query = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"]}
        answer = await self.api("GET", "/cgi-bin/token", query=query, token="")
        self.token = answer["access_token"]
        return self.token

    async def raw(self, method: str, path: str, **options: Any) -> Answer:
        """A call of WeChat's API as bytes."""
        return await self.host.request("emulator", method, path, **options)

    async def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> dict[str, Any]:
        """A call of WeChat's API: always status 200 and WeChat's own content type."""
        token = self.token if token is None else token
        asked = {**({"access_token": token} if token else {}), **(query or {})}
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = await self.raw(method, path, query=asked, content=content)
        assert answer.status == 200, answer
        assert answer.headers["content-type"] == "application/json; encoding=utf-8"
        parsed = json.loads(answer.body)
        assert isinstance(parsed, dict)
        return parsed

    async def add_phone(self, name: str = "陈小雨", **more: Any) -> dict[str, Any]:
        """A phone."""
        phone: dict[str, Any] = (await self.control("POST", "/phones", {"name": name, **more})).attribute
        return phone

    async def follow(self, phone: Mapping[str, Any], account: Mapping[str, Any], **more: Any) -> str:
        """Follow; the answer is the openid."""
        body = {"appid": account["appid"], **more}
        assert (await self.control("POST", f"/phones/{phone['id']}/follows", body)).status == 201
        return str(phone["openids"][account["appid"]])

    async def fan(self, account: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """A new phone that follows the account."""
        phone = await self.add_phone()
        return phone, await self.follow(phone, account)

    async def write(self, phone: Mapping[str, Any], account: Mapping[str, Any], text: str = "你好") -> Any:
        """A text from the phone."""
        body = {"appid": account["appid"], "kind": "text", "content": {"content": text}}
        return (await self.control("POST", f"/phones/{phone['id']}/messages", body)).attribute

    async def chat(self, phone: Mapping[str, Any], account: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the phone shows of its chat with the account."""
        query = {"appid": account["appid"]}
        screen = (await self.control("GET", f"/phones/{phone['id']}/screen", query=query)).attribute
        messages: list[dict[str, Any]] = screen["messages"]
        return messages

    async def say(self, openid: str, text: str = "您好") -> int:
        """A customer-service text of the account; the errcode."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return int((await self.api("POST", "/cgi-bin/message/custom/send", body))["errcode"])

    async def pushes(self, **query: str) -> list[dict[str, Any]]:
        """Pushes, the oldest first."""
        items = (await self.control("GET", "/pushes", query={"limit": 200, **query})).items
        return list(reversed(items))

    async def delivered(self, count: int, **query: str) -> list[dict[str, Any]]:
        """The first ``count`` pushes, once none of them is pending."""

        async def ready() -> list[dict[str, Any]] | None:
            pushes = await self.pushes(**query)
            is_ready = len(pushes) >= count and all(one["state"] != "pending" for one in pushes[:count])
            return pushes[:count] if is_ready else None

        return await until(ready)


async def until(look: Callable[[], Awaitable[T | None]]) -> T:
    """What ``look`` finds, as soon as it finds something."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(0.01)


@asynccontextmanager
async def bench_in(
    folder: Path, database: str = "sqlite", *, base_url: str = "http://guanjia.test"
) -> AsyncIterator[Bench]:
    """A hosted emulator; business time is real time again afterwards."""
    try:
        async with Host([SERVICE], database, folder, is_demo=True, base_url=base_url) as host:
            yield Bench(host)
    finally:
        clock.set_offset(clock.offset() * 0)


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """An ASGI app on a local port; the answer is its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def as_gateway(host: Host) -> Any:
    """The emulator as the gateway hands it requests: at ``/emulator`` with the prefix stripped, and at the root."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        service = host.directory.find("emulator")
        assert service is not None
        path = scope["path"].removeprefix("/emulator")
        signed = (HEADER, sign_caller(host.secrets.platform_key, PUBLIC, "emulator"))
        await service({**scope, "path": path, "headers": [*scope["headers"], signed]}, receive, send)

    return app


def multipart(content: bytes, name: str = "a.jpg", field: str = "media") -> tuple[bytes, str]:
    """Body and Content-Type of an upload."""
    edge = secrets.token_hex(8)
    head = f'--{edge}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    return body, f"multipart/form-data; boundary={edge}"

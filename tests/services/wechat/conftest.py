"""``wechat`` at work on each database beside a small WeChat, with accounts made through its own routes."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from guanjia.contracts.wechat import Provider, WechatAnnouncement
from guanjia.contracts.wechat.callback import Cipher, build_xml, sign
from guanjia.kit.auth import HEADER, PUBLIC, Caller, sign_caller
from guanjia.kit.calls import call_app
from guanjia.kit.database import new_id
from guanjia.kit.outgoing import OutgoingRunner
from guanjia.services.wechat.manifest import SERVICE
from tests.host import Answer, Host, service_caller, staff_caller
from tests.services.wechat.platform import Platform, start_platform
from tests.services.wechat.providers import PROVIDERS, Script

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
PUSHES = Path(__file__).parent / "pushes"
WAIT_SECONDS = 10.0

_numbers = itertools.count(1)


@dataclass
class Desk:
    """``wechat``, the providers' service and WeChat itself, shared by the tests of a module."""

    host: Host
    platform: Platform
    script: Script

    @asynccontextmanager
    async def announced(self, *providers: Provider) -> AsyncIterator[Script]:
        """These providers and no others, for the time of a test."""
        await self._announce(list(providers))
        self.script.asked.clear()
        try:
            yield self.script
        finally:
            await self._announce([])

    async def _announce(self, providers: list[Provider]) -> None:
        body = WechatAnnouncement(providers=providers)
        path = f"/announcements/providers/{new_id()}"
        answer = await self.host.request("wechat", "PUT", path, caller=service_caller("providers"), body=body)
        assert answer.status == 200, answer.body

    async def account(self, **more: Any) -> Account:
        """An account of a new company."""
        company_id = more.pop("company_id", None) or new_id()
        number = next(_numbers)
        body = {
            "name": "甲公司服务号",
            "appid": f"wx{number:016x}",
            "kind": "service_verified",
            "token": "QDG6eK",
            "secret": "a-secret",
            "api_base_url": self.platform.address,
            **more,
        }
        caller = staff_caller(company_id)
        answer = await self.host.request("wechat", "POST", "/accounts", caller=caller, body=body)
        return Account(self, company_id, answer.attribute["id"], body, caller)


@dataclass
class Account:
    """An account of one test."""

    desk: Desk
    company_id: str
    id: str
    draft: dict[str, Any]
    caller: Caller
    openid: str = field(default_factory=lambda: f"o{new_id().replace('-', '')[5:]}")

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """A request by the company's administrator."""
        return await self.desk.host.request("wechat", method, path, caller=self.caller, body=body, query=query)

    def fields(self, **more: Any) -> dict[str, Any]:
        """A text message, or whatever ``more`` makes of it."""
        return {
            "ToUserName": "gh_0123456789ab",
            "FromUserName": self.openid,
            "CreateTime": int(time.time()),
            "MsgType": "text",
            "Content": "你好",
            "MsgId": next(_numbers),
        } | more

    async def push(self, body: bytes | dict[str, Any] | None = None, /, **more: Any) -> Answer:
        """Deliver a push signed as this account's plain mode does it."""
        if not isinstance(body, bytes):
            body = build_xml(body if body is not None else self.fields(**more))
        return await self.post(body, self.signed())

    def signed(self, **more: str) -> dict[str, str]:
        """The query of a plain push."""
        timestamp, nonce = str(int(time.time())), str(next(_numbers))
        signature = sign(self.draft["token"], timestamp, nonce)
        return {"signature": signature, "timestamp": timestamp, "nonce": nonce} | more

    def sealed(self, body: bytes, key: str = KEY, **plain: Any) -> tuple[bytes, dict[str, str]]:
        """Body and query of an encrypted push; ``plain`` fields stand beside it as in compat mode."""
        text = Cipher(key, self.draft["appid"]).encrypt(body)
        timestamp, nonce = str(int(time.time())), str(next(_numbers))
        query = self.signed(timestamp=timestamp, nonce=nonce, encrypt_type="aes")
        query["signature"] = sign(self.draft["token"], timestamp, nonce)
        query["msg_signature"] = sign(self.draft["token"], timestamp, nonce, text)
        return build_xml({**plain, "ToUserName": "gh_0123456789ab", "Encrypt": text}), query

    async def post(self, body: bytes, query: dict[str, str] | str, method: str = "POST") -> Answer:
        """A raw request to the callback."""
        host = self.desk.host
        app = host.directory.find("wechat")
        assert app is not None
        headers = [(HEADER, sign_caller(host.secrets.platform_key, PUBLIC, "wechat"))]
        text = query if isinstance(query, str) else urlencode(query)
        reply = await call_app(app, method, f"/callbacks/{self.id}", headers, body, text, WAIT_SECONDS)
        return Answer(reply.status, {key.decode(): value.decode() for key, value in reply.headers.items()}, reply.body)

    async def put_message(self, kind: str = "text", message_id: str = "", **content: Any) -> str:
        """``chat`` hands a message over; the answer is its id."""
        message_id = message_id or new_id()
        body = {"account_id": self.id, "openid": self.openid, "kind": kind, "content": content or {"content": "您好"}}
        caller = service_caller("chat", self.company_id)
        answer = await self.desk.host.request("wechat", "PUT", f"/messages/{message_id}", caller=caller, body=body)
        assert answer.status == 200, answer.body
        return message_id

    async def events(self, *names: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of this account's fan, in order."""
        key = f"{self.id}:{self.openid}"
        rows = await self.desk.host.events("wechat")
        return [
            (row.name, msgspec.json.decode(row.data))
            for row in rows
            if row.key == key and (not names or row.name in names)
        ]

    async def wait_for(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """The events of that name, once there are ``count`` of them."""
        found: list[dict[str, Any]] = []

        async def enough() -> bool:
            found[:] = [data for _name, data in await self.events(name)]
            return len(found) >= count

        await until(enough)
        return found

    async def fan(self) -> Any:
        """The fan as his page shows him."""
        return (await self.call("GET", f"/fans/{self.id}/{self.openid}")).attribute

    async def pushes(self) -> list[Any]:
        """What was stored, oldest first."""
        return (await self.call("GET", "/pushes")).items[::-1]


async def until(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> None:
    """Wait for a condition, plain or async."""
    async with asyncio.timeout(seconds):
        while True:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
async def desk(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Everything at work."""
    platform, listening = await start_platform()
    folder = tmp_path_factory.mktemp("wechat")
    try:
        async with Host([SERVICE, PROVIDERS], database_url, folder) as host:
            runner = OutgoingRunner(host.contexts["wechat"], SERVICE.outgoing)
            await runner.start()
            try:
                yield Desk(host, platform, host.contexts["providers"].part(Script))
            finally:
                await runner.stop()
    finally:
        await listening.cleanup()

"""A crowd at work over HTTP: customers who write on their phones, agents who answer, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

RETRY_SECONDS = 0.2
BEAT_SECONDS = 15.0


class Answer(Exception):
    """A refusal by the platform, as opposed to no answer at all."""

    def __init__(self, status: int, envelope: dict[str, Any]) -> None:
        super().__init__(f"{status} {envelope}")
        self.status = status
        self.code = str(envelope.get("attribute", {}).get("error", ""))


class Line:
    """Calls to one platform, as one person."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._base_url = base_url
        self.token = ""

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The ``attribute`` of a success; Answer for a refusal, OSError or ClientError when nobody answers."""
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        async with self._session.request(method, self._base_url + path, data=data, headers=sent) as answer:
            content = await answer.read()
        if answer.status >= 400:
            raise Answer(answer.status, json.loads(content))
        return json.loads(content)["attribute"]

    async def insist(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """``call`` again and again until the platform answers, as a page does whose network comes and goes."""
        while True:
            try:
                return await self.call(method, path, body, **headers)
            except Answer as answer:
                if answer.status != 503:
                    raise
            except (OSError, aiohttp.ClientError, TimeoutError, ValueError):
                pass
            await asyncio.sleep(RETRY_SECONDS)

    async def pages(self, path: str) -> list[dict[str, Any]]:
        """All items of a list."""
        items: list[dict[str, Any]] = []
        cursor = ""
        joint = "&" if "?" in path else "?"
        while True:
            page = await self.insist("GET", f"{path}{joint}limit=200{cursor}")
            items += page["items"]
            if not page["next"]:
                return items
            cursor = f"&cursor={page['next']}"


@dataclass
class Customer:
    """A customer with a phone at WeChat: writes numbered texts at random moments."""

    wechat: Line
    phone_id: str
    appid: str
    openid: str
    name: str
    chance: random.Random
    texts: list[str] = field(default_factory=list)

    async def write(self) -> None:
        """One more text; it is on WeChat's disk when this returns."""
        text = f"{self.name} {len(self.texts) + 1}"
        body = {"appid": self.appid, "kind": "text", "content": {"content": text}}
        await self.wechat.insist("POST", f"/emulator/phones/{self.phone_id}/messages", body)
        self.texts.append(text)

    async def live(self, is_over: asyncio.Event, pause: float) -> None:
        """Write now and then until ``is_over``."""
        while not await _passes(is_over, self.chance.uniform(0, 2 * pause)):
            await self.write()

    async def messages(self) -> list[dict[str, Any]]:
        """Everything on the phone's screen with this account, the oldest first."""
        path = f"/emulator/phones/{self.phone_id}/screen?appid={self.appid}"
        screen = await self.wechat.insist("GET", path)
        found: list[dict[str, Any]] = screen["messages"]
        while screen["has_more"]:
            screen = await self.wechat.insist("GET", f"{path}&before={screen['messages'][0]['number']}")
            found = screen["messages"] + found
        return found


@dataclass
class Agent:
    """An agent at his console: answers who waits, now and then closes or returns a conversation."""

    line: Line
    name: str
    chance: random.Random
    accepted: dict[str, tuple[str, str]] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def live(self, is_over: asyncio.Event, pause: float) -> None:
        """Work until ``is_over``; the deed at hand is brought to its end."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat(is_over))
            while not await _passes(is_over, self.chance.uniform(0, 2 * pause)):
                box = await self.line.insist("GET", "/chat/conversations?box=mine&limit=50")
                waiting = [one for one in box["items"] if one["waiting_since"] is not None]
                for one in self.chance.sample(waiting, min(3, len(waiting))):
                    await self._serve(one["id"])

    async def _beat(self, is_over: asyncio.Event) -> None:
        while not await _passes(is_over, BEAT_SECONDS):
            await self._deed("PUT", "/chat/presences/current/heartbeats", {})

    async def _serve(self, conversation_id: str) -> None:
        deed = self.chance.random()
        path = f"/chat/conversations/{conversation_id}"
        if deed < 0.06:
            await self._deed("POST", f"{path}/returns", {})
        elif deed < 0.14:
            await self._deed("POST", f"{path}/closures", {"category": "", "result": ""})
        else:
            await self.answer(conversation_id)

    async def answer(self, conversation_id: str) -> None:
        """One answer under a key of its own; the console repeats it until it knows what became of it."""
        text = f"{self.name} {next(self._numbers)}"
        body = {"client_id": text, "kind": "text", "content": {"content": text}, "is_note": False}
        path = f"/chat/conversations/{conversation_id}/messages"
        message = await self._deed("POST", path, body, Idempotency_Key=text)
        if message is not None:
            self.accepted[message["id"]] = (conversation_id, text)

    async def _deed(self, method: str, path: str, body: Any, **headers: str) -> Any:
        try:
            return await self.line.insist(method, path, body, **headers)
        except Answer as answer:
            assert answer.status in (404, 409), answer
            self.refusals.append(answer.code)
            return None


async def _passes(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event comes within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def until(what: str, check: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Wait until ``check`` says nothing more; fails with what it still says."""
    found: object = None
    try:
        async with asyncio.timeout(seconds):
            while found := await check():  # noqa: ASYNC110 -- what happens in another process tells nobody here
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"never seen: {what}; still {found}") from None

"""A platform on a local port that records pushes and answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from guanjia.contracts.wechat import callback
from guanjia.kit.calls import Receive, Scope, Send
from guanjia.kit.http import read_body
from tests.services.emulator.bench import serving


@dataclass
class Received:
    """One request."""

    method: str
    query: dict[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        return callback.parse_xml(self.body)


Reply = Callable[[Received], Awaitable[tuple[int, bytes]]]


async def success(_received: Received) -> tuple[int, bytes]:
    return 200, b"success"


class Receiver:
    """``answer`` may be replaced; ``seen`` holds what came, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Received] = []
        self.answer: Reply = success

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive, 1 << 20)
        received = Received(scope["method"], dict(parse_qsl(scope["query_string"].decode())), body)
        self.seen.append(received)
        status, answer = await self.answer(received)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": answer})

    def answer_with(self, *answers: tuple[int, bytes]) -> None:
        """Give these answers one after the other, the last one for ever."""
        left = list(answers)

        async def answer(_received: Received) -> tuple[int, bytes]:
            return left.pop(0) if len(left) > 1 else left[0]

        self.answer = answer

    def never_answer(self) -> None:
        """Keep every caller waiting."""

        async def answer(_received: Received) -> tuple[int, bytes]:
            await asyncio.sleep(60)
            return 200, b"success"

        self.answer = answer


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver at work."""
    receiver = Receiver()
    async with serving(receiver) as address:
        receiver.url = f"{address}/callback"
        yield receiver

"""How the socket is served: whose word about a client's address counts."""

import asyncio

import pytest

from guanjia.app.server import listening_config
from guanjia.kit.calls import Message, Receive, Scope, Send, call_app

FORWARDED = [(b"x-forwarded-for", b"203.0.113.9, 198.51.100.7"), (b"x-forwarded-proto", b"https")]


@pytest.mark.parametrize(
    ("peer", "client", "scheme"),
    [
        ("127.0.0.1", "198.51.100.7", "https"),  # what the proxy added, not what the client claims before it
        ("::1", "198.51.100.7", "https"),
        ("192.0.2.1", "192.0.2.1", "http"),
    ],
)
def test_a_proxy_on_this_machine_names_the_client_and_nobody_else_does(peer: str, client: str, scheme: str) -> None:
    seen: list[tuple[str, str]] = []

    async def inner(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append((scope["client"][0], scope["scheme"]))
        start: Message = {"type": "http.response.start", "status": 204, "headers": []}
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    config = listening_config(inner)
    config.load()

    async def come(scope: Scope, receive: Receive, send: Send) -> None:
        await config.loaded_app({**scope, "client": (peer, 1)}, receive, send)

    asyncio.run(call_app(come, "GET", "/", FORWARDED, b"", "", 5))
    assert seen == [(client, scheme)]

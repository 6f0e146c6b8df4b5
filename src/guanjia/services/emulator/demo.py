"""The emulator works in a demo only; elsewhere each of its addresses is 404, as if it were not there."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from guanjia.kit.calls import App, Receive, Scope, Send
from guanjia.kit.errors import NotFound
from guanjia.kit.http.app import send_failure
from guanjia.kit.service import Context
from guanjia.kit.words import LOCALES, Words
from guanjia.services.emulator.queries.accounts import read_faults
from guanjia.services.emulator.schemas import Faults


class Switches:
    """The fault switches as this process knows them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.faults = Faults()

    async def load(self) -> None:
        """Read what was stored."""
        self.faults = await self._context.database.read(read_faults)


class KindNames:
    """What the chat list says of a message without a text, by language."""

    KINDS = (
        "image", "voice", "video", "shortvideo", "location", "link", "news", "music", "menu", "miniprogram", "template",
        "wxcard", "mpnewsarticle", "notice",
    )  # fmt: skip

    def __init__(self, context: Context) -> None:
        assert context.service.words is not None
        words = Words([context.service.words])
        self._names = {
            language: {kind: words.find(f"kind_{kind}", language, {})[0] for kind in self.KINDS} for language in LOCALES
        }

    def find(self, language: str) -> dict[str, str]:
        """The names in one language."""
        return self._names[language]


async def only_in_demo(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard of every route: NotFound outside a demo."""
    if not connection.app.state.context.is_demo:
        raise NotFound()


def only_in_demo_mount(context: Context, app: App) -> App:
    """``app``, or 404 outside a demo."""
    if context.is_demo:
        return app
    words = Words([])

    async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send_failure(NotFound(), words, send)

    return refuse

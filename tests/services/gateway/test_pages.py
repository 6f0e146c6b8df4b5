"""Built pages: which addresses name one."""

import asyncio
from pathlib import Path

import pytest

from guanjia.kit.calls import Message
from guanjia.kit.errors import NotFound
from guanjia.kit.files import Files
from guanjia.kit.secrets import Secrets
from guanjia.services.gateway.pages import Pages


async def _nothing(_message: Message) -> None:
    return None


def test_a_name_longer_than_any_file_is_an_address_of_the_app(tmp_path: Path) -> None:
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "index.html").write_text("console")
    pages = Pages(tmp_path, Files(tmp_path, Secrets(tmp_path / "keys")))
    scope = {"type": "http", "headers": [], "query_string": b""}
    bodies: list[bytes] = []

    async def keep(message: Message) -> None:
        bodies.append(message.get("body", b""))

    for name in ("x" * 5_000, "a/" * 3_000):
        asyncio.run(pages.page(scope, f"/console/{name}", keep))
        assert b"".join(bodies) == b"console"
        bodies.clear()
        with pytest.raises(NotFound):
            asyncio.run(pages.page(scope, f"/assets/{name}", _nothing))

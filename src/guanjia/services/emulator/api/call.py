"""One call of WeChat's API as an interface sees it, and how interfaces are declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from guanjia.kit.database import Transaction
from guanjia.kit.service import Context
from guanjia.services.emulator.rules.bodies import read_form, read_object
from guanjia.services.emulator.rules.errors import WechatError
from guanjia.services.emulator.schemas import Faults
from guanjia.services.emulator.settings import EmulatorSettings

OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True)
class Download:
    """An answer that is a file: of ``kit.files``, or made just now."""

    media_type: str
    name: str = ""
    file: str = ""
    content: bytes = b""


Answer = dict[str, Any] | Download


@dataclass
class Call:
    """A call: what was sent, by which account (None before it is known, and where no token is asked for).

    ``at`` is business time, ``real_at`` real time. ``stored`` is what ``before`` kept outside of the transaction.
    """

    path: str
    method: str
    query: dict[str, str]
    content_type: str
    body: bytes
    at: datetime
    real_at: datetime
    rid: str
    base_url: str
    settings: EmulatorSettings
    faults: Faults
    address_of: Callable[..., str]
    client: str = ""
    account: Row[Any] | None = None
    stored: dict[str, Any] = field(default_factory=dict)

    @property
    def appid(self) -> str:
        """The calling account."""
        assert self.account is not None
        return str(self.account.appid)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; WechatError 44002, 47001 or 40033."""
        return read_object(self.body, is_strict=self.faults.strict_unicode)

    def text(self, name: str) -> str:
        """A query parameter; empty when it is missing."""
        return self.query.get(name, "")

    def file(self, name: str = "media") -> tuple[bytes, str]:
        """Content and name of the uploaded file; 41005 when there is none."""
        part = read_form(self.content_type, self.body).file(name)
        if part is None:
            raise WechatError(41005)
        return part.content, (part.filename or "").replace("\x00", "")[-120:]


Handler = Callable[[Transaction, Call], Answer]
Before = Callable[[Context, Call], Awaitable[None]]


@dataclass(frozen=True)
class Interface:
    """A path of WeChat's API. ``before`` runs outside of the transaction, once the token was found good."""

    path: str
    handler: Handler
    method: Literal["GET", "POST", "ANY"] = "POST"
    needs_token: bool = True
    before: Before | None = None


def text_of(value: Any, errcode: int = 47001) -> str:
    """``value`` as a text; WechatError for another type or NUL."""
    if not isinstance(value, str) or "\x00" in value:
        raise WechatError(errcode)
    return value


def number_of(value: Any, errcode: int = 47001) -> int:
    """``value`` as a whole number of 64 bits, also written as a text; WechatError otherwise."""
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise WechatError(errcode)
    return value


def list_of_openids(value: Any, limit: int) -> list[str]:
    """A list of 1 to ``limit`` openids; 40031 or 40032."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise WechatError(40031)
    if not 1 <= len(value) <= limit:
        raise WechatError(40032)
    return value

"""The reply envelope: ``code`` 1/0, ``message``, ``prompt``, ``path``, ``attribute``, with the true HTTP status
beside it.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from guanjia.kit import log
from guanjia.kit.errors import GuanjiaError
from guanjia.kit.words import Words, locale

T = TypeVar("T")


class Envelope(msgspec.Struct, Generic[T], kw_only=True):
    """Every JSON answer of our own API (R-PLAT-04)."""

    code: int
    message: str
    prompt: str
    path: str
    attribute: T


class Items(msgspec.Struct, Generic[T], kw_only=True):
    """A page of a list; ``next`` is the cursor of the following page, or null."""

    items: list[T]
    next: str | None = None


class Done(msgspec.Struct):
    """The attribute of a success that has nothing to tell."""


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A request body: a field that the route does not know is refused."""


_OK = {"zh-CN": "成功", "en": "Done"}


def reply(attribute: T, prompt: str = "") -> Envelope[T]:
    """A success."""
    return Envelope(code=1, message=_OK[locale.get()], prompt=prompt, path="", attribute=attribute)


def _field_words(reason: str, words: Words, language: str) -> str:
    """What is wrong with a field; a reason may carry its limit (``field_too_long:600``)."""
    code, _, limit = reason.partition(":")
    return words.find(code, language, {"limit": limit})[0]


def failure(error: GuanjiaError, words: Words, language: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of a refusal in the reader's language."""
    message, prompt = words.find(error.code, language, error.data)
    attribute: dict[str, Any] = {
        **error.data,
        "error": error.code,
        "fields": {name: _field_words(reason, words, language) for name, reason in error.fields.items()},
        "request_id": log.request_id.get(),
    }
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    body = msgspec.json.encode(Envelope(code=0, message=message, prompt=prompt, path=error.path, attribute=attribute))
    return error.status, headers, body

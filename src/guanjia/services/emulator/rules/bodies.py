"""Reading request bodies as tolerantly as WeChat: JSON whatever its Content-Type says, and multipart uploads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from guanjia.services.emulator.rules.errors import WechatError

JSON_LIMIT = 1024 * 1024
UPLOAD_LIMIT = 12 * 1024 * 1024
DEPTH_LIMIT = 64

_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))')


def read_object(body: bytes, *, is_strict: bool = False) -> dict[str, Any]:
    r"""The JSON object of a body: 44002 when empty, 47001 when it is none (GBK, broken, too deep, not an object).

    Control characters in texts are let through, as WeChat does. ``is_strict`` refuses ``\uXXXX`` (40033).
    """
    if not body.strip():
        raise WechatError(44002)
    if is_strict and b"\\u" in body:
        raise WechatError(40033)
    if len(body) > JSON_LIMIT:
        raise WechatError(47001)
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, strict=False, parse_constant=_refuse)
        if not isinstance(value, dict) or _is_too_deep(value):
            raise WechatError(47001)
        # A lone half of a surrogate pair can't be encoded, and NUL can't be stored.
        if "\\u" in text and b"\\u0000" in json.dumps(value, ensure_ascii=False).encode():
            raise WechatError(47001)
    except (ValueError, RecursionError) as error:
        raise WechatError(47001) from error
    if "\x00" in text:
        raise WechatError(47001)
    return value


def _refuse(_name: str) -> NoReturn:
    raise ValueError("no number of JSON")


def _is_too_deep(value: Any) -> bool:
    layer = [value]
    for _ in range(DEPTH_LIMIT):
        layer = [
            child
            for one in layer
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        if not layer:
            return False
    return True


@dataclass(frozen=True)
class Part:
    """One field of a form: its content, and its file's name if it is a file."""

    content: bytes
    filename: str | None = None


@dataclass(frozen=True)
class Form:
    """The first part of each name."""

    parts: dict[str, Part] = field(default_factory=dict)

    def file(self, name: str) -> Part | None:
        """The part ``name``, or else the only file whatever its name."""
        if name in self.parts:
            return self.parts[name]
        files = [part for part in self.parts.values() if part.filename is not None]
        return files[0] if len(files) == 1 else None


def read_form(content_type: str, body: bytes) -> Form:
    """The parts of a multipart body; an empty form when it is none. The boundary may be missing from the header."""
    found = _BOUNDARY.search(content_type)
    if found is not None:
        boundary = found[1].strip().encode("latin-1", "replace")
    elif body.startswith(b"--"):
        boundary = body[2:].split(b"\r\n", 1)[0].strip()
    else:
        return Form()
    if not boundary:
        return Form()
    parts: dict[str, Part] = {}
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if piece.startswith(b"--"):
            break
        head, gap, content = piece.partition(b"\r\n\r\n")
        if not gap:
            continue
        name, filename = _disposition(head.decode("utf-8", "replace"))
        if name is not None:
            parts.setdefault(name, Part(content, filename))
    return Form(parts)


def _disposition(head: str) -> tuple[str | None, str | None]:
    for line in head.split("\r\n"):
        title, _, rest = line.partition(":")
        if title.strip().lower() == "content-disposition":
            values = {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(rest)}
            filename = values.get("filename", values.get("filename*"))
            return values.get("name"), filename
    return None, None

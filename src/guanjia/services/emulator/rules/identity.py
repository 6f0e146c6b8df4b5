"""Ids in WeChat's own spellings."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import secrets
import time

_COLORS = ("#3B7DD8", "#07A35A", "#C2571A", "#8A4FBF", "#B8336A", "#0E8A8A", "#6B7A12", "#A33B3B", "#4D5BC9", "#7A5C3E")
_counter = itertools.count(secrets.randbelow(1 << 20))

_APPID = re.compile(r"wx[0-9a-f]{16}\Z")


def openid_of(seed: str, appid: str) -> str:
    """The openid of the person ``seed`` at an account: 28 characters, the first an ``o``; the same each time."""
    return _person_id(f"openid\x00{appid}\x00{seed}")


def unionid_of(seed: str) -> str:
    """The unionid of the person ``seed``."""
    return _person_id(f"unionid\x00{seed}")


def _person_id(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


def color_of(seed: str) -> str:
    """The avatar's colour of a person or account."""
    return _COLORS[hashlib.sha256(seed.encode("utf-8", "replace")).digest()[0] % len(_COLORS)]


def new_number() -> int:
    """A new MsgId: a 64-bit number beyond 2^53, later ones larger within a process."""
    return (time.time_ns() // 1_000_000 << 22) | (next(_counter) & 0x3FFFFF)


def new_media_id() -> str:
    """A new media id: 64 characters that mean nothing."""
    return secrets.token_urlsafe(48)


def new_ticket() -> str:
    """A new QR ticket; like WeChat's it begins with gQ and needs URL-encoding because of its ``==``."""
    return "gQ" + base64.b64encode(secrets.token_bytes(67)).decode()


def new_rid() -> str:
    """A new request id, whose first group is the Unix time."""
    return f"{int(time.time()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def is_appid(text: str) -> bool:
    """Whether ``text`` can be an appid: ``wx`` and 16 hexadecimal digits."""
    return _APPID.match(text) is not None

"""What WeChat's error codes mean for us, from data."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

Deed = Literal["R", "B", "F", "U", "S", "O"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """``reason`` is a code that has words; ``do`` as in data/errcodes.toml."""

    reason: str
    do: Deed


class _Entry(msgspec.Struct, kw_only=True):
    do: Deed
    codes: list[int | str]


OTHERS = Policy(reason="wechat_refused", do="F")


@cache
def policies() -> dict[int, Policy]:
    """The policy of each code that has one of its own."""
    path = Path(__file__).parents[1] / "data" / "errcodes.toml"
    entries = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, _Entry])
    found: dict[int, Policy] = {}
    for reason, entry in entries.items():
        for code in entry.codes:
            first, _, last = str(code).rpartition("-") if isinstance(code, str) else (str(code), "", "")
            for number in range(int(first), int(last or first) + 1):
                found[number] = Policy(reason=reason, do=entry.do)
    return found


def policy(errcode: int) -> Policy:
    """What to do about ``errcode``."""
    return policies().get(errcode, OTHERS)

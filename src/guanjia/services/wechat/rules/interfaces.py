"""Permission matrix and quota table of WeChat's interfaces, from data (R-WX-22, R-WX-23)."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

CHINA = timezone(timedelta(hours=8))
_DATA = Path(__file__).parents[1] / "data"


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """A group of interfaces, and the kinds of account that may use it."""

    titles: dict[str, str]
    kinds: frozenset[str]


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """A counted interface; ``limits`` a day by profile."""

    titles: dict[str, str]
    permission: str
    limits: dict[str, int]


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((_DATA / name).read_text(encoding="utf-8"))


@cache
def permissions() -> dict[str, Permission]:
    """The permission matrix by group."""
    return msgspec.convert(_load("permissions.toml"), dict[str, Permission])


@cache
def interfaces() -> dict[str, Interface]:
    """The quota table by interface."""
    return msgspec.convert(_load("quotas.toml"), dict[str, Interface])


def may(kind: str, permission: str) -> bool:
    """Whether an account of ``kind`` may use a group of interfaces."""
    return kind in permissions()[permission].kinds


def limit(interface: str, profile: str) -> int:
    """How many calls a day an account may make; the chosen profile's figure, else the other's."""
    limits = interfaces()[interface].limits
    return limits[profile] if profile in limits else next(iter(limits.values()))


def quota_day(at: datetime) -> str:
    """The day whose counters a call at ``at`` uses: China time."""
    return at.astimezone(CHINA).date().isoformat()

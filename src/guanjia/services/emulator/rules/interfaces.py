"""Which kind of account may call an interface, and how often a day: tables in ``data``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

_DATA = Path(__file__).parent.parent / "data"
_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Quota:
    """Calls a day of one interface; several paths may share it."""

    interface: str
    limit: int


@cache
def quotas() -> dict[str, Quota]:
    """All quotas by interface."""
    table = tomllib.loads((_DATA / "quotas.toml").read_text(encoding="utf-8"))
    return {name: Quota(name, entry["limit"]) for name, entry in table.items()}


@cache
def _quota_paths() -> dict[str, Quota]:
    table = tomllib.loads((_DATA / "quotas.toml").read_text(encoding="utf-8"))
    return {path: Quota(name, entry["limit"]) for name, entry in table.items() for path in entry["paths"]}


def quota_of(path: str) -> Quota | None:
    """The quota that a call of ``path`` counts against, if any."""
    return _quota_paths().get(path)


@cache
def _permissions() -> list[tuple[str, frozenset[str]]]:
    table = tomllib.loads((_DATA / "permissions.toml").read_text(encoding="utf-8"))
    return [(path, frozenset(entry["kinds"])) for entry in table.values() for path in entry["paths"]]


def may_call(kind: str, path: str) -> bool:
    """Whether an account of ``kind`` may call ``path``; a violation is 48001."""
    for pattern, kinds in _permissions():
        if path == pattern or (pattern.endswith("/") and path.startswith(pattern)):
            return kind in kinds
    return True


def has_location_event(kind: str) -> bool:
    """Whether an account of ``kind`` may have its fans' positions reported."""
    return kind == "service_verified"


def china_day(at: datetime) -> str:
    """The day in China at which ``at`` falls: quotas reset at its midnight."""
    return at.astimezone(_CHINA).strftime("%Y-%m-%d")

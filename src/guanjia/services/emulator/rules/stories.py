"""The stories of the player, from ``data/stories.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent.parent / "data" / "stories.toml"


@cache
def load_stories() -> dict[str, dict[str, Any]]:
    """All stories by key; titles and texts by language."""
    found: list[dict[str, Any]] = tomllib.loads(_FILE.read_text(encoding="utf-8"))["stories"]
    return {story["key"]: story for story in found}


def choose_account(story: dict[str, Any], kinds: list[tuple[str, str]]) -> str:
    """The appid of the first account of the story's kind among (appid, kind), else of the first that can send."""
    wanted = [appid for appid, kind in kinds if kind == story["account_kind"]]
    able = [appid for appid, kind in kinds if kind.endswith("_verified")]
    return next(iter([*wanted, *able]), "")


def choose_person(staff: list[Any]) -> tuple[str, str] | None:
    """Login and password of the story's agent among a demo's staff: the one named so, else the first supervisor."""
    people = [one for one in staff if isinstance(one, dict)]
    for role in ("story", "supervisor"):
        for one in people:
            login, password = one.get("login"), one.get("password")
            if one.get("role") == role and isinstance(login, str) and isinstance(password, str):
                return login, password
    return None

"""The words that a new company begins with, from ``defaults.toml`` beside the service."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec


class GreetingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A greeting to begin with."""

    kind: str
    title: str
    text: str
    holiday: str | None = None
    is_on: bool


class CannedDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A canned reply to begin with."""

    title: str
    text: str
    category: str
    is_locked: bool = False


class RatingWords(msgspec.Struct, frozen=True, kw_only=True):
    """The rating invitation's own words: from the best score to the worst."""

    head: str
    tail: str
    items: list[str]


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    words: dict[str, str]
    summaries: dict[str, str]
    rating: RatingWords
    greetings: list[GreetingDraft]
    canned: list[CannedDraft]


DEFAULTS = msgspec.convert(
    tomllib.loads(Path(__file__).parent.with_name("defaults.toml").read_text(encoding="utf-8")), Defaults
)

"""Words of the server: messages and prompts by code and language, from the catalogues beside the code."""

from __future__ import annotations

import contextvars
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LOCALES = ("zh-CN", "en")
locale: contextvars.ContextVar[str] = contextvars.ContextVar("locale", default="zh-CN")


def pick_locale(accept_language: str) -> str:
    """``en`` when the reader asks for English first, else ``zh-CN``."""
    first = accept_language.split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "zh-CN"


class Words:
    """The catalogue of one service, the kit's own words behind it."""

    def __init__(self, catalogues: Iterable[Path]) -> None:
        self._entries: dict[str, dict[str, list[str]]] = {}
        for path in (Path(__file__).with_name("words.toml"), *catalogues):
            self._entries |= tomllib.loads(path.read_text(encoding="utf-8"))

    def find(self, code: str, language: str, data: dict[str, Any]) -> tuple[str, str]:
        """Message and prompt of ``code``; data fill ``{name}``. An unknown code shows itself: a test finds it."""
        entry = self._entries.get(code)
        if entry is None:
            return code, ""
        message, prompt = entry[language if language in entry else "zh-CN"]
        return _fill(message, data), _fill(prompt, data)

    def codes(self) -> set[str]:
        """All codes that have words."""
        return set(self._entries)


def _fill(text: str, data: dict[str, Any]) -> str:
    for key, value in data.items():
        text = text.replace("{" + key + "}", str(value))
    return text

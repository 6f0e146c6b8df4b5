"""Words for reasons that stand inside an answer, such as why a check or a call failed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from guanjia.kit.words import Words

CATALOGUE = Path(__file__).with_name("words.toml")


@cache
def _words() -> Words:
    return Words([CATALOGUE])


def find_words(code: str, language: str) -> tuple[str, str]:
    """Message and prompt of a reason."""
    return _words().find(code, language, {})

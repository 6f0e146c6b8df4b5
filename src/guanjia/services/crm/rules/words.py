"""Words to find customers by: Chinese without dictionary (every character and every pair), others word by word."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
MOST = 200
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_WORD = re.compile(r"\w+")


def _runs(text: str) -> list[tuple[bool, str]]:
    """The text as runs of Chinese characters (True) and of other words, folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: list[tuple[bool, str]] = []
    for word in _WORD.findall(folded):
        end = 0
        for han in _HAN.finditer(word):
            if han.start() > end:
                found.append((False, word[end : han.start()]))
            found.append((True, han.group()))
            end = han.end()
        if end < len(word):
            found.append((False, word[end:]))
    return found


def words_of(*texts: str) -> set[str]:
    """Everything by which a row with these texts is found."""
    found: set[str] = set()
    for is_han, run in (one for text in texts for one in _runs(text)):
        if is_han:
            found.update(run)
            found.update(run[at : at + 2] for at in range(len(run) - 1))
        else:
            found.add(run[:LONGEST])
    return set(sorted(found)[:MOST])


def words_sought(query: str) -> list[tuple[str, bool]]:
    """What a row must have to match ``query``: words, and whether the beginning of one is enough."""
    sought: dict[tuple[str, bool], None] = {}
    for is_han, run in _runs(query):
        if not is_han:
            sought[run[:LONGEST], True] = None
        elif len(run) == 1:
            sought[run, False] = None
        else:
            for at in range(len(run) - 1):
                sought[run[at : at + 2], False] = None
    return list(sought)[:8]

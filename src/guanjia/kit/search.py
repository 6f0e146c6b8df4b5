"""Words of any language as tokens, and pinyin initials, for lists that are searched as one types.

Chinese has no blanks: of a run of Han characters each character and each pair of neighbours is a token of the
index; a query takes the pairs, so that "刹车异响" asks for 刹车, 车异 and 异响. Other scripts and digits give
lower-case words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

INITIALS_LENGTH = 60
WORD_LENGTH = 40
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<word>[^\W_{_HAN}]+)")


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """Runs of Han characters (True) and words of other scripts, full-width forms and case made equal."""
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        yield match.lastgroup == "han", match.group()


def index_words(text: str) -> list[str]:
    """The tokens under which ``text`` can be found, each once, in their order."""
    words: dict[str, None] = {}
    for is_han, run in _runs(text):
        if is_han:
            for start in range(len(run)):
                words[run[start]] = None
                if start + 1 < len(run):
                    words[run[start : start + 2]] = None
        else:
            words[run[:WORD_LENGTH]] = None
    return list(words)


def query_words(text: str) -> list[str]:
    """The tokens that a query asks for: all of them must be found, the words of other scripts as beginnings."""
    words: dict[str, None] = {}
    for is_han, run in _runs(text):
        pieces = [run[:WORD_LENGTH]]
        if is_han and len(run) > 1:
            pieces = [run[start : start + 2] for start in range(len(run) - 1)]
        words |= dict.fromkeys(pieces)
    return list(words)


def initials(text: str) -> str:
    """The first letters of the pinyin of Han characters, other letters and digits as they are: 您好，VIN码 →
    nhvinm.
    """
    from pypinyin import Style, lazy_pinyin  # its dictionaries cost a tenth of a second, which a start need not pay

    found = "".join(
        "".join(lazy_pinyin(run, style=Style.FIRST_LETTER, errors="ignore")) if is_han else run
        for is_han, run in _runs(text[: INITIALS_LENGTH * 2])
    )
    return found[:INITIALS_LENGTH]


def is_match(query: str, texts: Iterable[str], initials_of: Iterable[str] = ()) -> bool:
    """Whether every token of ``query`` is found in ``texts``, or it begins one of the initials; for short
    lists.
    """
    wanted = query_words(query)
    if not wanted:
        return not query.strip()
    key = "".join(run for _, run in _runs(query))
    if any(letters.startswith(key) for letters in initials_of):
        return True
    known = {word for text in texts for word in index_words(text)}
    return all(word in known or any(one.startswith(word) for one in known) for word in wanted)

"""Every code of the kit has words in both languages, with the same blanks to fill."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import guanjia.kit
from guanjia.kit.errors import BY_STATUS, GuanjiaError
from guanjia.kit.words import LOCALES, Words, pick_locale

KIT = Path(guanjia.kit.__file__).parent
CATALOGUE = tomllib.loads((KIT / "words.toml").read_text("utf-8"))
KINDS: tuple[type[GuanjiaError], ...] = (GuanjiaError, *BY_STATUS.values())
RAISED = re.compile(rf"\b(?:{'|'.join(kind.__name__ for kind in KINDS)})\(\s*\"(\w+)\"")
FIELD = re.compile(r"fields=\{[^}]*: \"(\w+)\"")


def test_every_code_that_the_kit_raises_has_words() -> None:
    codes = {kind.default_code for kind in KINDS}
    for path in KIT.rglob("*.py"):
        source = path.read_text("utf-8")
        codes |= set(RAISED.findall(source)) | set(FIELD.findall(source))
    assert len(codes) > 20
    assert codes - set(CATALOGUE) == set()
    assert codes <= Words([]).codes()


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_both_languages_say_the_same(code: str) -> None:
    entry = CATALOGUE[code]
    assert set(entry) == set(LOCALES)
    blanks = [sorted(re.findall(r"\{\w+\}", " ".join(entry[locale]))) for locale in LOCALES]
    assert blanks[0] == blanks[1]
    for locale in LOCALES:
        message, prompt = entry[locale]
        assert message
        assert isinstance(prompt, str)


def test_unknown_codes_show_themselves() -> None:
    assert Words([]).find("no_such_code", "en", {}) == ("no_such_code", "")


@pytest.mark.parametrize(
    ("header", "locale"),
    [("", "zh-CN"), ("en", "en"), ("en-US,en;q=0.9", "en"), ("zh-CN,en", "zh-CN"), ("fr", "zh-CN"), (" EN", "en")],
)
def test_languages(header: str, locale: str) -> None:
    assert pick_locale(header) == locale

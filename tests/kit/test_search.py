"""Words and initials: what one types finds what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.kit.search import INITIALS_LENGTH, WORD_LENGTH, index_words, initials, is_match, query_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("刹车", ["刹", "刹车", "车"]),
        ("BMW车", ["bmw", "车"]),
        ("Café, CAFÉ", ["café"]),
        ("ＡＢＣ１２", ["abc12"]),
        ("138-0013 8000", ["138", "0013", "8000"]),
        ("a_b", ["a", "b"]),
        ("  。！", []),
        ("привет Мир", ["привет", "мир"]),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert index_words(text) == words


@pytest.mark.parametrize(
    ("query", "words"),
    [("刹车异响", ["刹车", "车异", "异响"]), ("车", ["车"]), ("刹车 BM", ["刹车", "bm"]), ("a a", ["a"]), ("?", [])],
)
def test_words_of_a_query(query: str, words: list[str]) -> None:
    assert query_words(query) == words


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("您好，请问有什么可以帮您", "nhqwysmkybn"),
        ("VIN码", "vinm"),
        ("重庆4S店", "cq4sd"),
        ("😀", ""),
        ("", ""),
    ],
)
def test_initials(text: str, letters: str) -> None:
    assert initials(text) == letters


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("刹车", True),
        ("异响", True),
        ("响", True),
        ("车刹", False),
        ("bm", True),
        ("mw", False),
        ("刹车 bmw", True),
        ("刹车 audi", False),
        ("sc", True),
        ("SC", True),
        ("cs", False),
        ("", True),
        ("   ", True),
        ("!?", False),
    ],
)
def test_matching(query: str, is_found: bool) -> None:
    assert is_match(query, ["刹车异响", "BMW 3"], ["scyx"]) is is_found


@given(st.text(max_size=80))
def test_a_text_is_found_by_itself(text: str) -> None:
    words = index_words(text)
    assert all(word == word.casefold() or word for word in words)
    assert len(set(words)) == len(words)
    assert all(0 < len(word) <= WORD_LENGTH for word in words)
    wanted = query_words(text)
    assert set(wanted) <= set(words)
    if wanted:
        assert is_match(text, [text])
    assert len(initials(text)) <= INITIALS_LENGTH

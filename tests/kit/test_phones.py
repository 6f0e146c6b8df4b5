"""Phone numbers in one written form, and masked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.kit.phones import mask_phone, plain_phone


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("13800002211", "13800002211"),
        ("+86 138-0000-2211", "13800002211"),
        ("0086 13800002211", "13800002211"),
        ("8613800002211", "13800002211"),
        ("１３８ ００００ ２２１１", "13800002211"),
        ("(021) 5555·1234", "02155551234"),
        ("400-800-1234", "4008001234"),
        ("+49 30 901820", "+4930901820"),
        ("95588", "95588"),
        ("", None),
        ("1234", None),
        ("138000022x1", None),
        ("1" * 21, None),
        ("+", None),
    ],
)
def test_numbers_have_one_form(text: str, plain: str | None) -> None:
    assert plain_phone(text) == plain


@pytest.mark.parametrize(
    ("plain", "masked"),
    [
        ("13800002211", "138****2211"),
        ("02155551234", "021****1234"),
        ("+4930901820", "+49****1820"),
        ("4008001234", "*******234"),
        ("95588", "**588"),
    ],
)
def test_the_middle_is_hidden(plain: str, masked: str) -> None:
    assert mask_phone(plain) == masked


@given(st.from_regex(r"\+?[0-9]{5,19}", fullmatch=True))
def test_a_mask_shows_at_most_seven_characters(plain: str) -> None:
    masked = mask_phone(plain)
    assert len(masked) == len(plain)
    assert sum(character != "*" for character in masked) <= 7
    assert plain_phone(plain_phone(plain) or "") == plain_phone(plain)

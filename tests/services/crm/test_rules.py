"""Identities and tags by table."""

from __future__ import annotations

import pytest

from guanjia.services.crm.rules.identities import masked_value, plain_value
from guanjia.services.crm.rules.tags import clean_tags


@pytest.mark.parametrize(
    ("kind", "value", "plain"),
    [
        ("wechat", " oABC ", "oABC"),
        ("wechat", "oAbC", "oAbC"),
        ("wechat", "", None),
        ("wechat", "a\tb", None),
        ("unionid", "x" * 128, "x" * 128),
        ("unionid", "x" * 129, None),
        ("phone", "(021) 5555-1234", "02155551234"),
        ("phone", "not a number", None),
    ],
)
def test_values_are_compared_in_one_form(kind: str, value: str, plain: str | None) -> None:
    assert plain_value(kind, value) == plain


@pytest.mark.parametrize(
    ("kind", "plain", "masked"),
    [("phone", "13800002211", "138****2211"), ("wechat", "oABCDEFGHIJ", "oABC…GHIJ"), ("visitor", "short", "short")],
)
def test_values_are_shown_in_part(kind: str, plain: str, masked: str) -> None:
    assert masked_value(kind, plain) == masked


@pytest.mark.parametrize(
    ("tags", "clean"),
    [
        ([], []),
        (["a", " a ", "b"], ["a", "b"]),
        (["两 个  字"], ["两 个 字"]),
        (["x" * 20], ["x" * 20]),
        (["x" * 21], None),
        ([" "], None),
        ([str(number) for number in range(31)], None),
    ],
)
def test_tags_are_short_each_once_and_few(tags: list[str], clean: list[str] | None) -> None:
    assert clean_tags(tags) == clean

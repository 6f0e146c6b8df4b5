"""Texts: limits, variables, greetings by the time of day and the holiday."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.kit.errors import Invalid
from guanjia.services.chat.rules import texts
from guanjia.services.chat.rules.defaults import DEFAULTS
from guanjia.services.chat.rules.texts import Greeting

ZONE = ZoneInfo("Asia/Shanghai")
SEEDED = [
    Greeting(str(sort), one.kind, one.title, one.text, None, None, one.holiday, one.is_on)
    for sort, one in enumerate(DEFAULTS.greetings)
]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02 00:00", "早上好"),
        ("2026-03-02 11:59", "早上好"),
        ("2026-03-02 12:00", "您好"),
        ("2026-03-02 23:59", "您好"),
        ("2026-01-01 10:00", "新年好"),
        ("2026-02-17 15:00", "新年好"),
        ("2026-05-01 09:00", "劳动节好"),
        ("2026-10-01 09:00", "节日快乐"),
        ("2026-09-25 20:00", "节日快乐"),
    ],
)
def test_the_salutation_follows_the_time_and_the_holiday(at: str, expected: str) -> None:
    """R-CALL-02, R-CALL-03."""
    assert texts.salutation(SEEDED, local(at), "早上好", "您好") == expected


def test_a_holiday_that_is_switched_off_is_an_ordinary_day() -> None:
    assert texts.salutation([], local("2026-10-01 09:00"), "早上好", "您好") == "早上好"


def greeting(kind: str, **more: object) -> Greeting:
    values = {"title": "", "text": kind, "from_time": None, "to_time": None, "holiday": None, "is_on": True}
    return Greeting(**{"id": kind, "kind": kind, **values, **more})  # type: ignore[arg-type]  # fields by name


def test_no_opening_is_sent_unless_the_company_switches_one_on() -> None:
    assert texts.find_opening(SEEDED, local("2026-03-02 10:00")) is None
    assert texts.find_opening(SEEDED, local("2026-10-01 10:00")) is None


def test_the_holidays_opening_takes_the_place_of_the_opening() -> None:
    known = [*SEEDED, greeting("opening_short")]
    found = texts.find_opening(known, local("2026-03-02 10:00"))
    assert found is not None and found.kind == "opening_short"
    found = texts.find_opening(known, local("2026-05-01 10:00"))
    assert found is not None and found.holiday == "labour"


@pytest.mark.parametrize(
    ("from_time", "to_time", "at", "expected"),
    [
        ("00:00", "12:00", "11:59", True),
        ("00:00", "12:00", "12:00", False),
        ("12:00", "24:00", "23:59", True),
        ("22:00", "06:00", "23:00", True),
        ("22:00", "06:00", "05:59", True),
        ("22:00", "06:00", "06:00", False),
        (None, None, "03:00", True),
    ],
)
def test_spans_of_the_day(from_time: str | None, to_time: str | None, at: str, expected: bool) -> None:
    one = greeting("off_hours", from_time=from_time, to_time=to_time)
    assert texts.is_time_for(one, local(f"2026-03-02 {at}")) is expected


@pytest.mark.parametrize(
    ("from_time", "to_time", "field"),
    [
        ("9:00", "12:00", "from_time"),
        ("09:00", "24:30", "to_time"),
        ("09:00", None, "to_time"),
        (None, "09:00", "from_time"),
    ],
)
def test_times_that_are_none(from_time: str | None, to_time: str | None, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        texts.check_times(from_time, to_time)
    assert caught.value.fields == {field: "time_invalid"}


@pytest.mark.parametrize(
    ("text", "is_note", "reason"),
    [
        ("", False, "text_empty"),
        (" \n", True, "text_empty"),
        ("字" * 601, False, "text_too_long"),
        ("😀" * 513, False, "text_too_long"),
        ("字" * 2001, True, "text_too_long"),
    ],
)
def test_texts_that_wechat_would_not_take(text: str, is_note: bool, reason: str) -> None:
    with pytest.raises(Invalid) as caught:
        texts.check_text(text, is_note)
    assert caught.value.fields == {"content": reason}


def test_texts_at_the_limit() -> None:
    assert texts.check_text("字" * 600, False) == "字" * 600
    assert texts.check_text("😀" * 512, False) == "😀" * 512


@given(st.text())
def test_a_clipped_text_is_one_that_wechat_takes(text: str) -> None:
    text = text.encode(errors="ignore").decode()
    clipped = texts.clip(text)
    assert len(clipped) <= 600
    assert len(clipped.encode()) <= 2048
    assert text.startswith(clipped)


def test_variables_are_filled_once_and_unknown_ones_stay() -> None:
    filled = texts.render(
        "{greeting}，{customer}：{nothing}", {"greeting": "您好", "customer": "{agent}", "agent": "x"}
    )
    assert filled == "您好，{agent}：{nothing}"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("备注", "粉丝备注", "客户", "昵称"), "备注"),
        (("", "粉丝备注", "客户", "昵称"), "粉丝备注"),
        (("", "", "客户", "昵称"), "客户"),
        (("", "", "", "昵称"), "昵称"),
        (("", "", "", ""), "无名"),
    ],
)
def test_staffs_own_name_for_a_customer_comes_first(names: tuple[str, str, str, str], expected: str) -> None:
    assert texts.display_name(*names, "无名") == expected


def test_every_default_text_uses_variables_that_exist() -> None:
    known = {"greeting": "", "customer": "", "remark": "", "agent": "", "company": "", "account": "", "ahead": ""}
    for text in [*(one.text for one in DEFAULTS.greetings), *(one.text for one in DEFAULTS.canned)]:
        assert "{" not in texts.render(text, known)
        assert len(text) <= 600

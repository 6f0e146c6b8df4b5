"""The tables that are data, and the sums behind windows and texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import guanjia.services.wechat
from guanjia.kit.words import LOCALES, Words
from guanjia.services.wechat.rules.dispatching import TEXT_BYTES, fill, shorten
from guanjia.services.wechat.rules.errcodes import OTHERS, policies, policy
from guanjia.services.wechat.rules.interfaces import interfaces, limit, may, permissions, quota_day
from guanjia.services.wechat.rules.outbound import passive_fields
from guanjia.services.wechat.rules.windows import Windows, WindowSizes, after_message, after_tap, choose, shown, spend
from guanjia.services.wechat.words import CATALOGUE

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SIZES = WindowSizes(message_seconds=48 * 3600, message_count=5, tap_seconds=60, tap_count=3)
KINDS = {"subscription_unverified", "subscription_verified", "service_unverified", "service_verified"}


@pytest.mark.parametrize(
    ("errcode", "reason", "do"),
    [
        (-1, "platform_busy", "B"),
        (40001, "token_refused", "R"),
        (40014, "token_refused", "R"),
        (42001, "token_refused", "R"),
        (40125, "credentials_wrong", "O"),
        (40164, "address_not_allowed", "O"),
        (45009, "quota_used_up", "S"),
        (45015, "window_closed", "U"),
        (45047, "sends_used_up", "U"),
        (65401, "kf_account_unknown", "O"),
        (12345, "wechat_refused", "F"),
    ],
)
def test_errcodes(errcode: int, reason: str, do: str) -> None:
    assert (policy(errcode).reason, policy(errcode).do) == (reason, do)


def test_every_reason_has_words_in_both_languages() -> None:
    words = Words([CATALOGUE])
    reasons = {one.reason for one in policies().values()} | {OTHERS.reason}
    source = Path(guanjia.services.wechat.__file__).parent
    for file in source.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        reasons |= set(
            re.findall(
                r'(?:Failed|NotAllowed|Unreachable|Unanswered|MayNotSend|Conflict|Forbidden)\(\s*"(\w+)"\)', text
            )
        )
        reasons |= set(re.findall(r'Failed\("[^"]*", "(\w+)"', text))
        reasons |= set(re.findall(r'fields=\{[^}]*: "(\w+)"\}', text))
        reasons |= set(re.findall(r'"(passive_\w+)"', text)) - {"passive_reply", "passive_seconds"}
    assert len(reasons) > 30
    assert reasons - words.codes() == set()
    for reason in reasons:
        for language in LOCALES:
            assert words.find(reason, language, {})[0]


def test_every_interface_has_a_limit_and_a_permission() -> None:
    for name, interface in interfaces().items():
        assert interface.permission in permissions()
        for profile in ("2016", "2023"):
            assert limit(name, profile) > 0
    assert limit("media_upload", "2016") == 5000
    assert limit("media_upload", "2023") == 100_000
    assert limit("stable_token", "2016") == 500_000


def test_permissions_know_the_four_kinds() -> None:
    for permission in permissions().values():
        assert permission.kinds <= KINDS
    assert all(may(kind, "passive_reply") for kind in KINDS)
    assert {kind for kind in KINDS if may(kind, "template")} == {"service_verified"}


def test_quota_days_are_china_days() -> None:
    assert quota_day(datetime(2026, 3, 2, 15, 59, tzinfo=UTC)) == "2026-03-02"
    assert quota_day(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == "2026-03-03"


def test_without_any_word_of_the_fan_nothing_is_open() -> None:
    assert choose(Windows(), AT) == "window_closed"
    assert shown(Windows(), AT) == (None, 0)


@given(st.lists(st.sampled_from(["message", "tap", "send", "minute", "day"]), max_size=40))
def test_no_more_is_sent_than_was_granted(deeds: list[str]) -> None:
    windows, at, granted, sent = Windows(), AT, 0, 0
    for deed in deeds:
        if deed == "message":
            windows, granted = after_message(windows, SIZES, at), granted + 5
        elif deed == "tap":
            windows, granted = after_tap(windows, SIZES, at), granted + 3
        elif deed == "send":
            allowance = choose(windows, at)
            if allowance in ("message", "tap"):
                windows, sent = spend(windows, allowance), sent + 1
            else:
                assert shown(windows, at)[1] == 0
        else:
            at += timedelta(minutes=1) if deed == "minute" else timedelta(days=1)
        assert windows.message_left >= 0
        assert windows.tap_left >= 0
    assert sent <= granted


def test_a_send_given_back_counts_again() -> None:
    windows = after_message(Windows(), SIZES, AT)
    assert spend(spend(windows, "message"), "message", -1) == windows


@given(st.text(max_size=3000))
def test_a_text_is_cut_between_characters(text: str) -> None:
    cut = shorten(text)
    assert text.startswith(cut)
    assert len(cut.encode("utf-8", "replace")) <= TEXT_BYTES


def test_what_a_customer_wrote_is_no_template() -> None:
    assert fill("{content}!{name}{other}", {"content": "{name}", "name": "王"}) == "{name}!王{other}"


def test_a_menu_as_a_passive_text() -> None:
    fields = passive_fields("menu", {"head": "满意吗", "items": [{"id": "5", "title": "满意<>"}]})
    assert fields == {
        "MsgType": "text",
        "Content": "满意吗\n"
        '<a href="weixin://bizmsgmenu?msgmenucontent=%E6%BB%A1%E6%84%8F%3C%3E&msgmenuid=5">满意&lt;&gt;</a>',
    }


def test_a_file_can_be_no_passive_reply() -> None:
    assert passive_fields("image", {"file": "x.png"}) is None
    assert passive_fields("image", {"media_id": "m"}) == {"MsgType": "image", "Image": {"MediaId": "m"}}

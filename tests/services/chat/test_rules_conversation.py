"""The conversation's transitions: by table, and whatever order things happen in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanjia.services.chat.rules import conversation as rules
from guanjia.services.chat.rules.conversation import Conversation

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def fresh(**more: Any) -> Conversation:
    return Conversation(
        id="c", company_id="k", channel="wechat", account_id="a", account_name="", openid="o",
        open_key="a:o", customer_id="", customer_name="", opened_at=START, last_at=START, **more,
    )  # fmt: skip


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def queued() -> Conversation:
    c = fresh()
    rules.customer_wrote(c, START)
    rules.enqueue(c, START, "g", "组", 180)
    return c


def test_from_the_bot_through_the_queue_to_an_agent_and_back_to_the_customer() -> None:
    c = fresh()
    assert (c.state, c.phase) == ("auto", "auto")
    rules.customer_wrote(c, START)
    assert (c.state, c.waiting_since, c.pending) == ("auto", None, 1)
    rules.enqueue(c, after(1), "g", "组", 90)
    assert (c.state, c.phase, c.waiting_since, c.requested_at) == ("queued", "queue", after(1), after(1))
    rules.assign(c, after(5), "x", "林慧")
    assert (c.state, c.answer_due_at, c.queued_at) == ("assigned", after(95), None)
    rules.agent_wrote(c)
    assert (c.state, c.waiting_since, c.answer_due_at, c.unread) == ("waiting_customer", None, None, 0)
    rules.customer_wrote(c, after(50))
    assert (c.state, c.waiting_since, c.answer_due_at, c.unread) == ("active", after(50), None, 1)
    rules.close(c, after(60), "咨询", "已解答")
    assert (c.state, c.phase, c.open_key, c.waiting_since) == ("closed", "closed", None, None)


def test_a_hand_back_keeps_the_place_in_time_of_who_waits() -> None:
    c = queued()
    rules.assign(c, after(10), "x", "林慧")
    rules.enqueue(c, after(190), "g", "组", 180)
    assert c.queued_at == START
    assert c.requested_at == START


def test_a_new_agent_owes_an_answer_only_to_who_waits() -> None:
    c = queued()
    rules.assign(c, after(10), "x", "林慧")
    rules.agent_wrote(c)
    rules.assign(c, after(20), "y", "陈曦")
    assert (c.state, c.answer_due_at, c.unattended_at) == ("waiting_customer", None, None)
    rules.customer_wrote(c, after(30))
    assert (c.state, c.answer_due_at) == ("assigned", after(210))


def test_what_the_agent_before_did_not_answer_is_unread_for_the_next_one() -> None:
    c = queued()
    c.last_number = 1
    rules.assign(c, after(10), "x", "林慧")
    rules.looked_at(c, 1, 0)
    assert (c.unread, c.unattended_at) == (0, None)
    rules.assign(c, after(20), "y", "陈曦")
    assert c.unread == 1


@pytest.mark.parametrize(
    ("state", "due", "expected"),
    [
        ("assigned", 0, True),
        ("assigned", 1, False),
        ("active", 0, False),
        ("waiting_customer", 0, False),
        ("queued", 0, False),
    ],
)
def test_overdue_is_who_got_it_and_has_not_answered(state: Any, due: int, expected: bool) -> None:
    c = fresh(state=state, answer_due_at=after(due))
    assert rules.is_overdue(c, START) is expected


@pytest.mark.parametrize(
    ("waiting", "quiet_seconds", "phase", "expected"),
    [
        (True, 5000, "open", True),
        (False, 60, "open", True),
        (False, 600, "open", True),
        (False, 601, "open", False),
        (True, 0, "closed", False),
        (True, 0, "queue", False),
    ],
)
def test_who_goes_leaves_the_waiting_and_the_live(
    waiting: bool, quiet_seconds: int, phase: Any, expected: bool
) -> None:
    c = fresh(phase=phase, waiting_since=START if waiting else None)
    assert rules.is_left_by(c, after(quiet_seconds)) is expected


def test_a_lost_answer_leaves_the_customer_waiting_and_is_no_first_answer() -> None:
    c = queued()
    rules.assign(c, after(10), "x", "林慧")
    rules.agent_wrote(c)
    rules.answer_lost(c, START, 1)
    assert (c.state, c.waiting_since, c.pending, c.first_answer_at) == ("active", START, 1, None)


def test_the_first_answer_is_said_once() -> None:
    c = queued()
    assert rules.first_answered(c, after(40), 40)
    assert not rules.first_answered(c, after(90), 90)
    assert (c.first_answer_at, c.first_answer_seconds) == (after(40), 40)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("text", {"content": " 两行\n文字 "}, "两行 文字"),
        ("menu", {"head": "请打分", "items": []}, "请打分"),
        ("image", {"pic_url": "x"}, "[图片]"),
        ("something_new", {}, "[消息]"),
        ("text", {"content": "长" * 500}, "长" * 120),
    ],
)
def test_a_line_for_the_list(kind: str, content: dict[str, Any], expected: str) -> None:
    assert rules.summary(kind, content, {"image": "[图片]", "other": "[消息]"}) == expected


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["write", "enqueue", "assign_x", "assign_y", "answer", "lose", "read", "close"]),
        st.integers(1, 400),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(DEEDS)
def test_an_open_conversation_always_has_an_owner_or_a_queue(deeds: list[tuple[str, int]]) -> None:
    c, at = fresh(), START
    for deed, seconds in deeds:
        at += timedelta(seconds=seconds)
        if not c.is_open:
            break
        if deed == "write":
            c.last_number += 1
            rules.customer_wrote(c, at)
        elif deed == "enqueue":
            rules.enqueue(c, at, "g", "组", 180)
        elif deed.startswith("assign"):
            rules.assign(c, at, deed[-1], deed[-1])
        elif deed == "answer" and c.phase == "open":
            rules.agent_wrote(c)
        elif deed == "lose" and c.phase == "open":
            rules.answer_lost(c, at, 1)
        elif deed == "read":
            rules.looked_at(c, c.last_number, 0)
        elif deed == "close":
            rules.close(c, at, "", "")
        assert (c.phase == "open") == (c.agent_id is not None and c.is_open)
        assert (c.phase == "queue") == (c.queued_at is not None)
        assert c.phase != "queue" or (c.group_id is not None and c.agent_id is None)
        assert c.answer_due_at is None or (c.state == "assigned" and c.waiting_since is not None)
        assert c.state not in ("assigned", "active") or c.waiting_since is not None
        assert c.state != "waiting_customer" or c.waiting_since is None
        assert (c.open_key is None) == (c.state == "closed")
        assert c.unread <= max(c.pending, 0) or c.phase == "auto"

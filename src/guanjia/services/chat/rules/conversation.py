"""A conversation and its transitions (requirements §2.12): pure changes of one record, no I/O.

auto (the bot has it) → queued → assigned → active ⇄ waiting_customer → closed; assigned or active → queued by
hand-back, return or transfer. Open conversations have an agent, or stand in a queue, or are the bot's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from guanjia.contracts.chat import ConversationState, ConversationView, Person

Phase = Literal["auto", "queue", "open", "closed"]

UNATTENDED_SECONDS = 60
HAND_BACK_SECONDS = 180
OFFLINE_SECONDS = 60
LIVE_SECONDS = 600
IDLE_BOT_SECONDS = 24 * 3600
TARGET_SECONDS = 1800

_PHASES: dict[str, Phase] = {"auto": "auto", "queued": "queue", "closed": "closed"}


@dataclass(slots=True)
class Conversation:
    """A row of ``chat_conversations``, field by field.

    ``pending``: customer messages since the last human answer. ``unread``: those that the assigned agent has not
    read. ``waiting_since``: since when the customer waits for a human answer. ``requested_at``: when a human was
    first needed. ``has_answered``: the present agent has answered since he got the conversation.
    """

    id: str
    company_id: str
    channel: str
    account_id: str
    account_name: str
    openid: str
    open_key: str | None
    customer_id: str
    customer_name: str
    opened_at: datetime
    last_at: datetime
    state: ConversationState = "auto"
    phase: Phase = "auto"
    is_left_message: bool = False
    group_id: str | None = None
    group_name: str = ""
    agent_id: str | None = None
    agent_name: str = ""
    consulted: list[dict[str, str]] = field(default_factory=list)
    subjects: list[list[str]] = field(default_factory=list)
    closed_at: datetime | None = None
    last_number: int = 0
    last_text: str = ""
    last_author: str = ""
    unread: int = 0
    pending: int = 0
    read_number: int = 0
    waiting_since: datetime | None = None
    requested_at: datetime | None = None
    assigned_at: datetime | None = None
    answer_due_at: datetime | None = None
    hand_back_seconds: int = HAND_BACK_SECONDS
    has_answered: bool = False
    queued_at: datetime | None = None
    queue_position: int | None = None
    preferred_agent_id: str | None = None
    avoided_agent_id: str | None = None
    needed_text: str = ""
    unattended_at: datetime | None = None
    first_answer_at: datetime | None = None
    first_answer_seconds: int | None = None
    window_expires_at: datetime | None = None
    window_remaining: int = 0
    is_window_known: bool = False
    is_off_hours_told: bool = False
    is_queue_told: bool = False
    is_opening_sent: bool = False
    rating: int | None = None
    rating_comment: str = ""
    rated_at: datetime | None = None
    is_rating_invited: bool = False
    category: str = ""
    result: str = ""
    version: int = 0

    @property
    def is_open(self) -> bool:
        return self.state != "closed"

    @property
    def sort_at(self) -> datetime:
        """The order within its phase: the queue by its entry, the closed by their end, others by the last message."""
        if self.state == "queued":
            return self.queued_at or self.last_at
        if self.state == "closed":
            return self.closed_at or self.last_at
        return self.last_at

    def enter(self, state: ConversationState) -> None:
        """Take a state, and the phase that goes with it."""
        self.state = state
        self.phase = _PHASES.get(state, "open")

    def is_consulted(self, agent_id: str) -> bool:
        """Whether a colleague was asked to look."""
        return any(one["id"] == agent_id for one in self.consulted)


def open_key(account_id: str, openid: str) -> str:
    """What is unique among a company's open conversations."""
    return f"{account_id}:{openid}"


def customer_wrote(c: Conversation, at: datetime) -> None:
    """The customer sent something: he waits from now on, if he did not before."""
    c.pending += 1
    c.unread += 1
    if c.phase == "auto":
        return
    c.waiting_since = c.waiting_since or at
    c.unattended_at = c.unattended_at or at + timedelta(seconds=UNATTENDED_SECONDS)
    if c.phase == "open":
        c.enter("active" if c.has_answered else "assigned")
        if not c.has_answered:
            c.answer_due_at = c.answer_due_at or at + timedelta(seconds=c.hand_back_seconds)


def enqueue(c: Conversation, at: datetime, group_id: str, group_name: str, hand_back_seconds: int) -> None:
    """A person is needed: into the queue of a group. Who waited already keeps his place in time."""
    if c.pending:
        c.waiting_since = c.waiting_since or at
        c.unattended_at = c.unattended_at or at + timedelta(seconds=UNATTENDED_SECONDS)
    c.requested_at = c.requested_at or c.waiting_since or at
    c.group_id, c.group_name, c.hand_back_seconds = group_id, group_name, hand_back_seconds
    c.agent_id, c.agent_name = None, ""
    c.assigned_at = c.answer_due_at = None
    c.has_answered = False
    c.queued_at = c.waiting_since or at
    c.queue_position = None
    c.unread = c.pending
    c.enter("queued")


def assign(c: Conversation, at: datetime, agent_id: str, agent_name: str) -> None:
    """An agent has it from now on; he must answer within the group's seconds if the customer waits."""
    c.requested_at = c.requested_at or c.waiting_since or at
    c.agent_id, c.agent_name = agent_id, agent_name
    c.assigned_at = at
    c.queued_at = c.queue_position = None
    c.preferred_agent_id = c.avoided_agent_id = None
    c.has_answered = False
    c.unread = c.pending
    c.consulted = [one for one in c.consulted if one["id"] != agent_id]
    if c.pending and c.waiting_since is None:
        c.waiting_since = at
    if c.waiting_since is None:
        c.answer_due_at = c.unattended_at = None
        c.enter("waiting_customer")
    else:
        c.answer_due_at = at + timedelta(seconds=c.hand_back_seconds)
        c.unattended_at = at + timedelta(seconds=UNATTENDED_SECONDS)
        c.enter("assigned")


def agent_wrote(c: Conversation) -> None:
    """A person answered: nobody waits, unless the message turns out not to arrive."""
    c.has_answered = True
    c.waiting_since = c.answer_due_at = c.unattended_at = None
    c.pending = c.unread = 0
    c.read_number = c.last_number
    c.is_left_message = c.is_off_hours_told = c.is_queue_told = False
    c.enter("waiting_customer")


def answer_lost(c: Conversation, since: datetime, pending: int) -> None:
    """The last answer did not reach the customer: he waits again, since ``since``."""
    if c.state == "waiting_customer":
        c.waiting_since, c.pending = since, pending
        c.enter("active")


def first_answered(c: Conversation, at: datetime, seconds: int) -> bool:
    """The first human answer was delivered, after ``seconds`` of working time; said once."""
    if c.first_answer_at is not None or c.requested_at is None:
        return False
    c.first_answer_at, c.first_answer_seconds = at, seconds
    return True


def looked_at(c: Conversation, number: int, unread: int) -> None:
    """Somebody who answers for it has read up to ``number``."""
    c.read_number = max(c.read_number, min(number, c.last_number))
    c.unread = unread
    if unread == 0:
        c.unattended_at = None


def close(c: Conversation, at: datetime, category: str, result: str) -> None:
    """The end: the fan's next message opens another conversation."""
    c.closed_at = at
    c.open_key = None
    c.category, c.result = category, result
    c.queued_at = c.queue_position = c.answer_due_at = c.waiting_since = c.unattended_at = None
    c.unread = c.pending = 0
    c.enter("closed")


def is_overdue(c: Conversation, at: datetime) -> bool:
    """Whether its agent got it and let the time for an answer pass."""
    return c.state == "assigned" and c.answer_due_at is not None and c.answer_due_at <= at


def is_left_by(c: Conversation, at: datetime) -> bool:
    """Whether an agent who went offline must give it back: the customer waits, or they were just talking.

    A talk that rests stays with its agent (R-CALL-07) until the customer writes again.
    """
    return c.phase == "open" and (c.waiting_since is not None or at - c.last_at <= timedelta(seconds=LIVE_SECONDS))


def view(c: Conversation) -> ConversationView:
    """The conversation as lists, replies and events show it."""
    return ConversationView(
        id=c.id,
        channel=c.channel,
        account_id=c.account_id,
        account_name=c.account_name,
        openid=c.openid,
        customer_id=c.customer_id,
        customer_name=c.customer_name,
        state=c.state,
        is_left_message=c.is_left_message,
        group_id=c.group_id or "",
        group_name=c.group_name,
        agent_id=c.agent_id or "",
        agent_name=c.agent_name,
        consulted=[Person(kind="agent", id=one["id"], name=one["name"]) for one in c.consulted],
        opened_at=c.opened_at,
        last_at=c.last_at,
        closed_at=c.closed_at,
        last_number=c.last_number,
        last_text=c.last_text,
        last_author=c.last_author,
        unread=c.unread,
        waiting_since=c.waiting_since,
        answer_due_at=c.answer_due_at,
        queued_at=c.queued_at,
        queue_position=c.queue_position,
        first_answer_seconds=c.first_answer_seconds,
        window_expires_at=c.window_expires_at,
        window_remaining=c.window_remaining,
        rating=c.rating,
        rating_comment=c.rating_comment,
        is_rating_invited=c.is_rating_invited,
        category=c.category,
        result=c.result,
        version=c.version,
    )


def summary(kind: str, content: dict[str, Any], words: dict[str, str]) -> str:
    """One line of a message for the list: a text itself, anything else by its kind in brackets."""
    if kind in ("text", "menu"):
        return " ".join(str(content.get("content") or content.get("head") or "").split())[:120]
    return words.get(kind, words.get("other", ""))

"""What others may know of ``chat``: its events and the wire types in them. The key of each is the conversation's id."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from guanjia.kit.feed import Event

ConversationState = Literal["auto", "queued", "assigned", "active", "waiting_customer", "closed"]
MessageState = Literal["received", "sending", "sent", "failed", "unknown"]
MediaState = Literal["none", "pending", "stored", "failed"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody named: customer, agent, bot or system."""

    kind: Literal["customer", "agent", "bot", "system"]
    id: str = ""
    name: str = ""


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a conversation; ``number`` is its one order key, from 1 without gaps.

    ``kind``: text, image, voice, video, location, link, menu, system, or the channel's own word. A system message's
    content is {code, …}. ``media_url`` is signed and short-lived. ``failure`` is a code that has words.
    """

    id: str
    conversation_id: str
    number: int
    author: Person
    is_note: bool
    kind: str
    content: dict[str, Any]
    media_state: MediaState = "none"
    media_url: str = ""
    media_type: str = ""
    state: MessageState
    failure: str = ""
    push_id: str = ""
    client_id: str = ""
    sent_at: datetime
    at: datetime


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as lists show it."""

    id: str
    channel: str
    account_id: str
    account_name: str
    openid: str
    customer_id: str
    customer_name: str
    state: ConversationState
    is_left_message: bool
    group_id: str
    group_name: str
    agent_id: str
    agent_name: str
    consulted: list[Person]
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    last_number: int
    last_text: str
    last_author: str
    unread: int
    waiting_since: datetime | None
    answer_due_at: datetime | None
    queued_at: datetime | None
    queue_position: int | None
    first_answer_seconds: int | None
    window_expires_at: datetime | None
    window_remaining: int
    rating: int | None
    rating_comment: str
    is_rating_invited: bool
    category: str
    result: str
    version: int


class ConversationChanged(Event, frozen=True, kw_only=True):
    """A conversation was opened or changed: its whole view."""

    conversation: ConversationView


class ConversationRemoved(Event, frozen=True, kw_only=True):
    """The subjects of this event may no longer see the conversation."""

    conversation_id: str


class MessageAdded(Event, frozen=True, kw_only=True):
    """A message was stored in its conversation."""

    message: MessageView


class MessageChanged(Event, frozen=True, kw_only=True):
    """A message's delivery or media changed: its whole view."""

    message: MessageView


class AgentChanged(Event, frozen=True, kw_only=True):
    """An agent's presence or load changed."""

    id: str
    name: str
    status: str
    load: int
    capacity: int

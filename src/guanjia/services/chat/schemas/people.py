"""Agents, presence and the supervisor's figures on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from guanjia.contracts.chat import ConversationView
from guanjia.kit.http import Body

Status = Literal["online", "busy", "break", "offline"]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Something by id and name."""

    id: str
    name: str


class AgentView(msgspec.Struct, kw_only=True):
    """An agent: ``load`` counts his open conversations, ``capacity`` is the largest of his groups."""

    id: str
    name: str
    status: Status
    load: int
    capacity: int
    groups: list[Named]
    skills: list[str]
    last_seen_at: datetime | None


class PresenceDraft(Body, kw_only=True):
    """What an agent wants to be."""

    status: Status


class Presence(msgspec.Struct, kw_only=True):
    """What an agent is, since when."""

    status: Status
    since: datetime | None


class QueueFigures(msgspec.Struct, kw_only=True):
    """Who waits."""

    length: int
    longest_wait_seconds: int
    items: list[ConversationView]


class TodayFigures(msgspec.Struct, kw_only=True):
    """Today by the company's calendar. First answers: human, delivered, in working seconds since the request;
    ``within_target_percent`` is of ``first_answers``, ``rating_mean`` of ``rated`` (R-SVC-12)."""

    first_answers: int
    first_answer_mean_seconds: int | None
    within_target: int
    target_seconds: int
    within_target_percent: float | None
    opened: int
    closed: int
    rated: int
    rating_mean: float | None
    left_messages: int


class GroupFigures(msgspec.Struct, kw_only=True):
    """A group now."""

    id: str
    name: str
    online: int
    queue: int
    load: int
    capacity: int


class Supervision(msgspec.Struct, kw_only=True):
    """The supervisor's page."""

    agents: list[AgentView]
    queue: QueueFigures
    today: TodayFigures
    groups: list[GroupFigures]

"""Events and how an action publishes them: a row in the service's feed, in the deed's own transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Literal

import msgspec

from guanjia.kit import clock
from guanjia.kit.database import Transaction, new_id

Audience = Literal["all", "staff"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in the past tense, with the facts of its moment. Fields are only ever added, each with a default."""

    at: datetime = msgspec.field(default_factory=clock.now)


class FeedRow(msgspec.Struct, frozen=True):
    """A numbered event as readers get it; ``data`` is the event's JSON."""

    seq: int
    id: str
    name: str
    key: str
    company_id: str
    audience: str
    subjects: tuple[str, ...]
    data: bytes


@cache
def event_name(kind: type[Event]) -> str:
    """The snake_case name of an event class: ``MessageAdded`` → ``message_added``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def publish(
    tx: Transaction,
    event: Event,
    *,
    key: str,
    company_id: str = "",
    subjects: Iterable[str] = (),
    audience: Audience = "staff",
) -> None:
    """Write ``event`` to the feed of the transaction's service.

    Events of one ``key`` keep their order: on the servers the caller holds ``lock`` for it. ``subjects`` are the
    persons and organisations whose live screens may show it; ``audience`` "all" lets customers among them.
    """
    values: dict[str, Any] = {
        "id": new_id(),
        "name": event_name(type(event)),
        "key": key,
        "company_id": company_id,
        "audience": audience,
        "subjects": sorted(set(subjects)),
        "data": event,
        "recorded_at": clock.real_now(),
    }
    tx.insert(tx.tables.feed, values)
    tx.has_published = True

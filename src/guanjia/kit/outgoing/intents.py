"""The intents in the database: write, claim, record, list, send again.

``pending`` → ``sending`` → ``sent`` | ``failed`` | ``unknown``; ``unheard``: the call has ended, but the
owner's action on its result failed, so that the result waits to be told again. All times here are real time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from guanjia.kit import clock
from guanjia.kit.database import Reading, Transaction, lock, new_id, page_by_id, storable_text
from guanjia.kit.errors import Conflict, NotFound
from guanjia.kit.outgoing.channel import Channel, Intent, Outcome, OutgoingFailure

DEAD = ("failed", "unknown", "unheard")
TELLS = 5
KEEP = timedelta(days=14)

# Who waits for intents in this process: (service, channel) → wake-ups, safe to call from any thread.
wakes: dict[tuple[str, str], set[Callable[[], None]]] = {}


def enqueue(
    tx: Transaction, channel: str, key: str, body: Any, *, id: str | None = None, is_repeatable: bool = False
) -> str:
    """Write an intent for ``channel`` in this transaction; the answer is its id.

    A repeat with the same ``id`` changes nothing. Intents of one ``key`` are called one after another in the
    order of their enqueueing (whoever wants it to hold for concurrent actions takes a ``lock`` for the key),
    each after the one before it has ended. ``is_repeatable``: the outside knows a repeat by the intent's id,
    so that the call may be made more than once.
    """
    at = clock.real_now()
    intent_id = id or new_id()
    is_new = tx.insert_new(
        tx.tables.outgoing,
        {
            "id": intent_id,
            "channel": channel,
            "key": key,
            "body": body,
            "state": "pending",
            "is_repeatable": is_repeatable,
            "attempts": 0,
            "owner": "",
            "next_at": at,
            "code": "",
            "created_at": at,
            "queued_at": at,
            "updated_at": at,
        },
    )
    if is_new:
        _wake_after(tx, channel)
    return intent_id


def resend(tx: Transaction, id: str) -> None:
    """Try an intent again at a person's word.

    Conflict ``outgoing_not_resendable`` unless it has failed or is unknown; NotFound when there is none. One
    whose result could not be told is told again, not called again.
    """
    outgoing = tx.tables.outgoing
    at = clock.real_now()
    row = tx.one(sa.select(outgoing.c.channel).where(outgoing.c.id == id))
    if row is None:
        raise NotFound()
    changed = tx.execute(
        outgoing.update()
        .where(outgoing.c.id == id, outgoing.c.state.in_(("failed", "unknown")))
        .values(state="pending", attempts=0, owner="", next_at=at, queued_at=at, updated_at=at)
    ).rowcount
    if not changed:
        changed = tx.execute(
            outgoing.update()
            .where(outgoing.c.id == id, outgoing.c.state == "unheard")
            .values(next_at=at, attempts=0, updated_at=at)
        ).rowcount
    if not changed:
        raise Conflict("outgoing_not_resendable")
    _wake_after(tx, row.channel)


def _wake_after(tx: Transaction, channel: str) -> None:
    for wake in tuple(wakes.get((tx.service, channel), ())):
        tx.afterwards(wake)


@dataclass(frozen=True)
class DeadLetter:
    """An intent that failed, is unknown, or whose result could not be told."""

    id: str
    channel: str
    key: str
    body: Any
    state: str
    code: str
    error: str
    attempts: int
    created_at: datetime
    updated_at: datetime


def dead_letters(
    reading: Reading, channel: str | None = None, cursor: str | None = None, limit: int = 50
) -> tuple[list[DeadLetter], str | None]:
    """Intents that need an operator's eye, newest first, and the next page's cursor."""
    c = reading.tables.outgoing.c
    statement = sa.select(reading.tables.outgoing).where(c.state.in_(DEAD))
    if channel is not None:
        statement = statement.where(c.channel == channel)
    rows, following = page_by_id(reading, statement, c.id, cursor, limit)
    letters = [
        DeadLetter(
            row.id, row.channel, row.key, row.body, row.state, row.code, row.error or "", row.attempts,
            row.created_at, row.updated_at,
        )
        for row in rows
    ]  # fmt: skip
    return letters, following


def count_intents(reading: Reading) -> dict[tuple[str, str], int]:
    """How many intents of each (channel, state) there are, sent ones left out."""
    c = reading.tables.outgoing.c
    number = sa.func.count().label("number")
    statement = sa.select(c.channel, c.state, number).where(c.state != "sent").group_by(c.channel, c.state)
    return {(row.channel, row.state): int(row.number) for row in reading.rows(statement)}


# What follows is for the runner.


def _due(reading: Reading, channel: str, at: datetime) -> ColumnElement[bool]:
    """Heads of their keys that may be called now."""
    c = reading.tables.outgoing.c
    other = reading.tables.outgoing.alias("earlier")
    is_before = sa.or_(other.c.state == "sending", sa.and_(other.c.state == "pending", other.c.position < c.position))
    earlier = sa.exists().where(
        other.c.channel == channel, other.c.key == c.key, other.c.state.in_(("pending", "sending")), is_before
    )
    return sa.and_(c.channel == channel, c.state == "pending", c.next_at <= at, ~earlier)


def has_work(reading: Reading, channel: str) -> bool:
    """Whether an intent may be called, or a result told, now."""
    c = reading.tables.outgoing.c
    at = clock.real_now()
    if reading.one(sa.select(c.position).where(_due(reading, channel, at)).limit(1)) is not None:
        return True
    return reading.one(sa.select(c.position).where(_untold(reading, channel, at)).limit(1)) is not None


def _untold(reading: Reading, channel: str, at: datetime) -> ColumnElement[bool]:
    c = reading.tables.outgoing.c
    return sa.and_(c.channel == channel, c.state == "unheard", c.next_at <= at)


def _intent(row: Row[Any], attempt: int) -> Intent:
    return Intent(
        row.id, row.channel, row.key, row.body, attempt, row.is_repeatable, row.created_at, row.queued_at,
        row.position,
    )  # fmt: skip


def record_and_claim(
    tx: Transaction, channel: Channel, owner: str, outcomes: Sequence[Outcome], free: int
) -> list[Intent]:
    """Record ends of tries together with the owner's actions, then claim up to ``free`` intents for
    ``owner``.
    """
    if outcomes:
        _record(tx, channel, owner, outcomes)
    if free <= 0:
        return []
    lock(tx, "outgoing", channel.name)
    outgoing, at = tx.tables.outgoing, clock.real_now()
    rows = tx.rows(sa.select(outgoing).where(_due(tx, channel.name, at)).order_by(outgoing.c.position).limit(free))
    if not rows:
        return []
    tx.execute(
        outgoing.update()
        .where(outgoing.c.position.in_([row.position for row in rows]))
        .values(state="sending", owner=owner, attempts=outgoing.c.attempts + 1, updated_at=at)
    )
    return [_intent(row, row.attempts + 1) for row in rows]


def _record(tx: Transaction, channel: Channel, owner: str, outcomes: Sequence[Outcome]) -> None:
    outgoing, at = tx.tables.outgoing, clock.real_now()
    by_position = {outcome.intent.position: outcome for outcome in outcomes}
    statement = sa.select(outgoing.c.position).where(
        outgoing.c.position.in_(list(by_position)), outgoing.c.owner == owner, outgoing.c.state == "sending"
    )
    ours = {row[0] for row in tx.rows(statement.with_for_update())}
    # In one order everywhere, so that two processes with results at the same rows of an owner don't deadlock.
    kept = sorted((by_position[position] for position in ours), key=lambda outcome: outcome.intent.key)
    if not kept:
        return
    tx.execute(
        outgoing.update()
        .where(outgoing.c.position == sa.bindparam("at_position"))
        .values({name: sa.bindparam(f"new_{name}") for name in _values(kept[0], at)}),
        [
            {"at_position": outcome.intent.position}
            | {f"new_{name}": value for name, value in _values(outcome, at).items()}
            for outcome in kept
        ],
    )
    for outcome in kept:
        tell(tx, channel, outcome)


def _values(outcome: Outcome, at: datetime) -> dict[str, Any]:
    failure = outcome.failure
    return {
        "state": outcome.state,
        "owner": "",
        "next_at": at + timedelta(seconds=outcome.delay_seconds) if outcome.state == "pending" else None,
        "code": failure.code[:80] if failure else "",
        "error": failure.reason if failure else None,
        "result": outcome.result,
        "updated_at": at,
    }


def tell(tx: Transaction, channel: Channel, outcome: Outcome) -> None:
    """Run the owner's action on an ended try."""
    if outcome.state == "sent":
        channel.on_sent(tx, outcome.intent, outcome.result)
    elif outcome.state != "pending":
        assert outcome.failure is not None
        channel.on_failed(tx, outcome.intent, outcome.failure)


def keep_unheard(tx: Transaction, outcome: Outcome, owner: str, reason: str) -> None:
    """Keep the end of a try whose owner's action fails, to be told again."""
    outgoing, at = tx.tables.outgoing, clock.real_now()
    failure = outcome.failure
    kept = {
        "state": outcome.state,
        "result": outcome.result,
        "failure": failure and [failure.code, failure.reason, failure.data, failure.is_unknown],
    }
    tx.execute(
        outgoing.update()
        .where(
            outgoing.c.position == outcome.intent.position,
            outgoing.c.owner == owner,
            outgoing.c.state == "sending",
        )
        .values(
            state="unheard", owner="", attempts=1, code="unheard", error=storable_text(reason),
            result=kept, next_at=at + timedelta(seconds=1), updated_at=at,
        )
    )  # fmt: skip


def untold(reading: Reading, channel: str) -> list[tuple[Outcome, int]]:
    """Ends of tries that must be told again now, with how often that was tried."""
    outgoing = reading.tables.outgoing
    rows = reading.rows(
        sa.select(outgoing).where(_untold(reading, channel, clock.real_now())).order_by(outgoing.c.position).limit(50)
    )
    found: list[tuple[Outcome, int]] = []
    for row in rows:
        failure = row.result["failure"]
        found.append(
            (
                Outcome(
                    _intent(row, row.attempts),
                    row.result["state"],
                    row.result["result"],
                    None if failure is None else OutgoingFailure(*failure),
                ),
                row.attempts,
            )
        )
    return found


def tell_again(tx: Transaction, channel: Channel, outcome: Outcome) -> None:
    """Tell an unheard end and record it, unless another process has."""
    outgoing, at = tx.tables.outgoing, clock.real_now()
    changed = tx.execute(
        outgoing.update()
        .where(outgoing.c.position == outcome.intent.position, outgoing.c.state == "unheard")
        .values(_values(outcome, at))
    ).rowcount
    if changed:
        tell(tx, channel, outcome)


def put_off(tx: Transaction, outcome: Outcome, tells: int, reason: str) -> None:
    """An unheard end failed again: wait longer, and after five times for an operator's word."""
    outgoing, at = tx.tables.outgoing, clock.real_now()
    next_at = at + timedelta(seconds=2.0**tells) if tells < TELLS else None
    tx.execute(
        outgoing.update()
        .where(outgoing.c.position == outcome.intent.position, outgoing.c.state == "unheard")
        .values(attempts=tells + 1, next_at=next_at, error=storable_text(reason), updated_at=at)
    )


def adopt(
    tx: Transaction, channel: str, owner: str, running: Collection[int], lease_seconds: float
) -> tuple[list[Intent], list[Intent]]:
    """Prolong ``owner``'s lease and find what nobody calls any more.

    First the interrupted ones: their process is gone, the call may have been made; their owner is now empty.
    Then the uncalled: claimed for ``owner`` by a commit whose answer was lost, so that they are not
    ``running``.
    """
    outgoing, leases, at = tx.tables.outgoing, tx.tables.leases, clock.real_now()
    c = outgoing.c
    lock(tx, "outgoing", channel)
    living = {owner}
    if tx.dialect != "sqlite":  # a SQLite file has one process, which is this one
        until = at + timedelta(seconds=lease_seconds)
        tx.upsert(leases, {"name": f"outgoing:{owner}"}, {"owner": owner, "until": until})
        living |= {row[0] for row in tx.rows(sa.select(leases.c.owner).where(leases.c.until > at))}
        tx.execute(leases.delete().where(leases.c.name.startswith("outgoing:"), leases.c.until < at - KEEP))
    sending = sa.select(outgoing).where(c.channel == channel, c.state == "sending").order_by(c.position)
    rows = tx.rows(sending.limit(500))
    interrupted = [row for row in rows if row.owner not in living]
    uncalled = [row for row in rows if row.owner == owner and row.position not in running]
    if interrupted:
        positions = [row.position for row in interrupted]
        tx.execute(outgoing.update().where(c.position.in_(positions)).values(owner=""))
    return [_intent(row, row.attempts) for row in interrupted], [_intent(row, row.attempts) for row in uncalled]


def forget_sent(tx: Transaction, channel: str) -> int:
    """Delete what was sent more than 14 days ago, at most 500 a call."""
    c = tx.tables.outgoing.c
    statement = sa.select(c.position).where(
        c.channel == channel, c.state == "sent", c.updated_at < clock.real_now() - KEEP
    )
    positions = [row[0] for row in tx.rows(statement.limit(500))]
    if positions:
        tx.execute(tx.tables.outgoing.delete().where(c.position.in_(positions)))
    return len(positions)

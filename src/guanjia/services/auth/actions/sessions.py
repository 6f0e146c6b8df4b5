"""Sign-in, renewal, sign-out and revocation: tokens are created, updated and deleted (R-PLAT-05)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from guanjia.contracts.auth import SessionsRevoked
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock
from guanjia.kit.errors import TooMany
from guanjia.kit.feed import publish
from guanjia.services.auth.actions.audit import record, record_deed
from guanjia.services.auth.models import companies, sessions, staff, throttles, tokens
from guanjia.services.auth.queries.staff import show_me
from guanjia.services.auth.rules import throttle
from guanjia.services.auth.rules.throttle import Attempts, ThrottleKind
from guanjia.services.auth.rules.tokens import (
    ACCESS_LIFE,
    FAMILY_LIFE,
    IDLE_LIFE,
    NewTokens,
    Renewal,
    judge_refresh,
    token_hash,
)
from guanjia.services.auth.schemas import Me


@dataclass(frozen=True)
class Candidate:
    """Whoever has the login that somebody tries; without a hash nobody has it."""

    staff_id: str = ""
    company_id: str = ""
    name: str = ""
    password_hash: str | None = None


def begin_attempt(tx: Transaction, login_key: str, address: str, at: datetime) -> Candidate:
    """Count an attempt to sign in, then say whose password to check; TooMany while this login or address must wait.

    A login that nobody has is counted and refused the same way.
    """
    counts = [
        _count(tx, "login", token_hash(login_key), at),
        _count(tx, "address", token_hash(address), at),
    ]
    row = tx.one(
        sa.select(staff.c.id, staff.c.company_id, staff.c.name, staff.c.password_hash)
        .join(companies, companies.c.id == staff.c.company_id)
        .where(staff.c.login_key == login_key, staff.c.is_active, companies.c.is_active)
    )
    candidate = Candidate() if row is None else Candidate(row.id, row.company_id, row.name, row.password_hash)
    if any(counts):
        _record_attempt(tx, "sign_in_throttled", candidate, address, at)
    return candidate


def _count(tx: Transaction, kind: ThrottleKind, key: str, at: datetime) -> bool:
    """Count one attempt; says whether the free ones are used up by it."""
    lock(tx, "throttle", f"{kind}:{key}")
    row = tx.one(sa.select(throttles).where(throttles.c.kind == kind, throttles.c.key == key))
    known = None if row is None else Attempts(row.failures, row.last_at, row.blocked_until)
    if wait := throttle.wait_seconds(known, at):
        raise TooMany(retry_after=wait)
    counted = throttle.count_attempt(kind, known, at)
    values = {"failures": counted.failures, "last_at": counted.last_at, "blocked_until": counted.blocked_until}
    tx.upsert(throttles, {"kind": kind, "key": key}, values)
    return counted.failures == throttle.FREE_ATTEMPTS[kind]


def fail_attempt(tx: Transaction, candidate: Candidate, address: str, at: datetime) -> None:
    """Keep a wrong sign-in in the trail; what was typed is not kept, it may be a password."""
    _record_attempt(tx, "sign_in_failed", candidate, address, at)


def _record_attempt(tx: Transaction, action: str, candidate: Candidate, address: str, at: datetime) -> None:
    record(
        tx,
        at,
        action,
        company_id=candidate.company_id or None,
        actor_kind="public",
        object_id=candidate.staff_id,
        object_name=candidate.name,
        address=address,
    )


def open_session(
    tx: Transaction,
    candidate: Candidate,
    login_key: str,
    session_id: str,
    fresh: NewTokens,
    address: str,
    at: datetime,
    language: str,
) -> Me | None:
    """Sign somebody in whose password was right; None when he was closed or his password changed meanwhile."""
    row = tx.one(sa.select(staff).where(staff.c.id == candidate.staff_id))
    if row is None or not row.is_active or row.password_hash != candidate.password_hash:
        return None
    ends_at = at + FAMILY_LIFE
    values = {"id": session_id, "company_id": row.company_id, "staff_id": row.id, "created_at": at}
    tx.execute(sessions.insert().values(**values, ends_at=ends_at, revoked_at=None, revoked_for=""))
    _store_tokens(tx, session_id, fresh, None, at, ends_at)
    tx.execute(staff.update().where(staff.c.id == row.id).values(last_sign_in_at=at))
    clear_throttle(tx, login_key)
    _take_back(tx, address)
    record(
        tx,
        at,
        "signed_in",
        company_id=row.company_id,
        actor_id=row.id,
        actor_name=row.name,
        object_id=row.id,
        object_name=row.name,
        address=address,
    )
    return show_me(tx, row.id, language)


def clear_throttle(tx: Transaction, login_key: str) -> None:
    """Forget the failures of a login."""
    is_login = (throttles.c.kind == "login") & (throttles.c.key == token_hash(login_key))
    tx.execute(throttles.delete().where(is_login))


def _take_back(tx: Transaction, address: str) -> None:
    """An attempt that succeeded was no failure of its address."""
    is_address = (throttles.c.kind == "address") & (throttles.c.key == token_hash(address))
    row = tx.one(sa.select(throttles.c.failures, throttles.c.last_at).where(is_address))
    if row is not None:
        values = {"failures": max(0, row.failures - 1), "blocked_until": row.last_at}
        tx.execute(throttles.update().where(is_address).values(**values))


def _store_tokens(
    tx: Transaction, session_id: str, fresh: NewTokens, parent: str | None, at: datetime, ends_at: datetime
) -> None:
    shared = {"session_id": session_id, "spent_at": None, "spent_by": ""}
    access = {"hash": token_hash(fresh.access), "kind": "access", "parent": None}
    refresh = {"hash": token_hash(fresh.refresh), "kind": "refresh", "parent": parent}
    rows = [
        {**access, **shared, "expires_at": min(at + ACCESS_LIFE, ends_at)},
        {**refresh, **shared, "expires_at": min(at + IDLE_LIFE, ends_at)},
    ]
    tx.execute(tokens.insert(), rows)


def renew_session(
    tx: Transaction, presented: str, fresh: NewTokens, client: str, address: str, at: datetime, language: str
) -> Me | None:
    """Turn a refresh token, given as its hash, into ``fresh`` ones of the same family; None when it doesn't count.

    A token that was used before revokes the family (10.4 of ASVS 5.0), but for the 10 s grace of a lost answer.
    """
    session_id = tx.scalar(sa.select(tokens.c.session_id).where(tokens.c.hash == presented, tokens.c.kind == "refresh"))
    if session_id is None:
        return None
    lock(tx, "session", session_id)
    row = tx.one(
        sa.select(
            tokens.c.parent, tokens.c.expires_at, tokens.c.spent_at, tokens.c.spent_by, sessions.c.ends_at,
            sessions.c.revoked_at, sessions.c.staff_id, sessions.c.company_id, staff.c.name, staff.c.is_active,
            companies.c.is_active.label("is_company_active"),
        )
        .join(sessions, sessions.c.id == tokens.c.session_id)
        .join(staff, staff.c.id == sessions.c.staff_id)
        .join(companies, companies.c.id == sessions.c.company_id)
        .where(tokens.c.hash == presented)
    )  # fmt: skip
    if row is None or row.revoked_at is not None or not row.is_active or not row.is_company_active:
        return None
    successors = sa.select(tokens.c.hash).where(tokens.c.parent == presented, tokens.c.spent_at.is_not(None))
    verdict = judge_refresh(
        at=at,
        expires_at=row.expires_at,
        spent_at=row.spent_at,
        is_same_client=row.spent_by == client,
        has_spent_successor=row.spent_at is not None and tx.one(successors.limit(1)) is not None,
    )
    if verdict is Renewal.EXPIRED or at >= row.ends_at:
        return None
    if verdict is Renewal.REUSED:
        revoke_session(tx, row.staff_id, session_id, "reuse", at)
        record(
            tx,
            at,
            "token_reused",
            company_id=row.company_id,
            actor_kind="public",
            object_id=row.staff_id,
            object_name=row.name,
            address=address,
        )
        return None
    if verdict is Renewal.ROTATE:
        # A second pair given for a lost answer leaves a sibling: it ends with the first of them that is used.
        spent = (tokens.c.hash == presented) if row.parent is None else (tokens.c.parent == row.parent)
        unspent = spent & tokens.c.spent_at.is_(None)
        tx.execute(tokens.update().where(unspent).values(spent_at=at, spent_by=client))
    _store_tokens(tx, session_id, fresh, presented, at, row.ends_at)
    return show_me(tx, row.staff_id, language)


def end_session(tx: Transaction, caller: Caller, at: datetime) -> None:
    """Sign the caller out: his session's whole family ends."""
    revoke_session(tx, caller.id, caller.session_id, "signed_out", at)
    record_deed(tx, caller, at, "signed_out", "staff", caller.id, caller.name)


def revoke_session(tx: Transaction, staff_id: str, session_id: str, reason: str, at: datetime) -> None:
    """End one session of a person."""
    one = (sessions.c.id == session_id) & (sessions.c.staff_id == staff_id) & sessions.c.revoked_at.is_(None)
    if tx.execute(sessions.update().where(one).values(revoked_at=at, revoked_for=reason)).rowcount:
        company_id = tx.scalar(sa.select(sessions.c.company_id).where(sessions.c.id == session_id))
        event = SessionsRevoked(person_id=staff_id, session_id=session_id)
        publish(tx, event, key=f"staff:{staff_id}", company_id=company_id, subjects=[staff_id])


def revoke_sessions(
    tx: Transaction, company_id: str, staff_id: str, reason: str, at: datetime, *, but: str = ""
) -> None:
    """End all sessions of a person, or all but one."""
    living = (sessions.c.staff_id == staff_id) & sessions.c.revoked_at.is_(None) & (sessions.c.ends_at > at)
    if but:
        others = tx.rows(sa.select(sessions.c.id).where(living, sessions.c.id != but))
        for row in others:
            revoke_session(tx, staff_id, row.id, reason, at)
        return
    tx.execute(sessions.update().where(living).values(revoked_at=at, revoked_for=reason))
    event = SessionsRevoked(person_id=staff_id)
    publish(tx, event, key=f"staff:{staff_id}", company_id=company_id, subjects=[staff_id])


def forget_ended(tx: Transaction, at: datetime, limit: int = 500) -> int:
    """Drop sessions that are over for a day, their tokens, and old counts of failures; says how many rows went."""
    day_ago = at - timedelta(days=1)
    over = [row.id for row in tx.rows(sa.select(sessions.c.id).where(sessions.c.ends_at < day_ago).limit(limit // 10))]
    found = 0
    if over:
        found += tx.execute(tokens.delete().where(tokens.c.session_id.in_(over))).rowcount
        found += tx.execute(sessions.delete().where(sessions.c.id.in_(over))).rowcount
    old_access = (tokens.c.kind == "access") & (tokens.c.expires_at < day_ago)
    hashes = [row.hash for row in tx.rows(sa.select(tokens.c.hash).where(old_access).limit(limit))]
    if hashes:
        found += tx.execute(tokens.delete().where(tokens.c.hash.in_(hashes))).rowcount
    keys = tx.rows(sa.select(throttles.c.kind, throttles.c.key).where(throttles.c.last_at < day_ago).limit(limit))
    for row in keys:
        one = (throttles.c.kind == row.kind) & (throttles.c.key == row.key)
        found += tx.execute(throttles.delete().where(one)).rowcount
    return found

"""Lives of tokens, all in real time (platform-protocols §4.2): opaque, 256 bits, kept as SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

ACCESS_LIFE = timedelta(minutes=20)
IDLE_LIFE = timedelta(days=3)
FAMILY_LIFE = timedelta(days=14)
GRACE = timedelta(seconds=10)


@dataclass(frozen=True)
class NewTokens:
    """An access and a refresh token, made before the action that stores their hashes."""

    access: str
    refresh: str


def new_tokens() -> NewTokens:
    """Two fresh tokens of 256 random bits each."""
    return NewTokens(secrets.token_urlsafe(32), secrets.token_urlsafe(32))


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def client_mark(address: str, user_agent: str) -> str:
    """What tells one client from another, for the grace of a lost answer."""
    return hashlib.sha256(f"{address}\x00{user_agent}".encode()).hexdigest()


class Renewal(Enum):
    """What becomes of a presented refresh token."""

    ROTATE = "rotate"
    REPEAT = "repeat"
    EXPIRED = "expired"
    REUSED = "reused"


def judge_refresh(
    *,
    at: datetime,
    expires_at: datetime,
    spent_at: datetime | None,
    is_same_client: bool,
    has_spent_successor: bool,
) -> Renewal:
    """Rotate an unused token; give a second pair for the one just used when its answer was lost (same client,
    within 10 seconds, nothing that came of it used yet); anything else that was used before is theft."""
    if spent_at is None:
        return Renewal.ROTATE if at < expires_at else Renewal.EXPIRED
    is_lost_answer = is_same_client and not has_spent_successor and at - spent_at <= GRACE
    return Renewal.REPEAT if is_lost_answer else Renewal.REUSED

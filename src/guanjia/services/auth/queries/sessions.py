"""Reads of tokens."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from guanjia.contracts.auth import Session
from guanjia.kit.database import Reading
from guanjia.kit.errors import NotSignedIn
from guanjia.services.auth.models import companies, sessions, staff, tokens
from guanjia.services.auth.queries.staff import held_roles, role_grants


def verify_token(reading: Reading, digest: str, at: datetime) -> Session:
    """What a living access token stands for; NotSignedIn when it is unknown, over or revoked, or its person or
    company is closed."""
    statement = (
        sa.select(tokens.c.expires_at, tokens.c.session_id, sessions.c.staff_id, sessions.c.company_id, staff.c.name)
        .join(sessions, sessions.c.id == tokens.c.session_id)
        .join(staff, staff.c.id == sessions.c.staff_id)
        .join(companies, companies.c.id == sessions.c.company_id)
        .where(
            tokens.c.hash == digest,
            tokens.c.kind == "access",
            tokens.c.expires_at > at,
            sessions.c.revoked_at.is_(None),
            staff.c.is_active,
            companies.c.is_active,
        )
    )
    row = reading.one(statement)
    if row is None:
        raise NotSignedIn()
    return Session(
        id=row.session_id,
        kind="staff",
        person_id=row.staff_id,
        company_id=row.company_id,
        name=row.name,
        grants=tuple(role_grants(held_roles(reading, row.staff_id))),
        expires_at=row.expires_at,
    )

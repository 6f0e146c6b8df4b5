"""Reads of the audit trail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading, is_id, page_by_id
from guanjia.kit.http import Items
from guanjia.services.auth.models import audit
from guanjia.services.auth.queries.staff import held_roles, visible_staff
from guanjia.services.auth.rules.roles import PLATFORM_ADMINISTRATOR
from guanjia.services.auth.schemas import AuditEntry


def visible_audit(reading: Reading, caller: Caller) -> Select[Any]:
    """The company's trail; below the company the deeds of one's own staff only. The platform's administrators also
    see what belongs to no company."""
    statement = sa.select(audit)
    if caller.company_id not in caller.subjects:
        own = [row.id for row in reading.rows(visible_staff(caller))]
        return statement.where(audit.c.company_id == caller.company_id, audit.c.actor_id.in_(own))
    if any(one.role == PLATFORM_ADMINISTRATOR for one in held_roles(reading, caller.id)):
        return statement.where((audit.c.company_id == caller.company_id) | audit.c.company_id.is_(None))
    return statement.where(audit.c.company_id == caller.company_id)


def list_audit(
    reading: Reading, caller: Caller, actor: str, action: str, cursor: str | None, limit: int
) -> Items[AuditEntry]:
    """The visible trail, newest first; ``actor`` is an id or the beginning of a name."""
    statement = visible_audit(reading, caller)
    if actor.strip():
        by_name = audit.c.actor_name.startswith(actor.strip()[:60], autoescape=True)
        statement = statement.where(audit.c.actor_id == actor if is_id(actor) else by_name)
    if action.strip():
        statement = statement.where(audit.c.action == action.strip()[:80])
    rows, following = page_by_id(reading, statement, audit.c.id, cursor, limit)
    entries = [
        AuditEntry(
            id=row.id,
            at=row.at,
            actor_id=row.actor_id,
            actor_kind=row.actor_kind,
            actor_name=row.actor_name,
            action=row.action,
            service=row.service,
            object_kind=row.object_kind,
            object_id=row.object_id,
            object_name=row.object_name,
            detail=row.detail,
            address=row.address,
        )
        for row in rows
    ]
    return Items(items=entries, next=following)

"""Writing the audit trail. No password, token or personal identifier ever goes in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from guanjia.kit.audit import Audited
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, is_id, new_id
from guanjia.kit.feed import FeedRow
from guanjia.services.auth.models import audit
from guanjia.services.auth.schemas import AuditDraft


def record(
    tx: Transaction,
    at: datetime,
    action: str,
    *,
    company_id: str | None,
    actor_id: str = "",
    actor_kind: str = "staff",
    actor_name: str = "",
    object_kind: str = "staff",
    object_id: str = "",
    object_name: str = "",
    address: str = "",
    service: str = "auth",
    entry_id: str | None = None,
    **detail: Any,
) -> None:
    """Add one deed; a repeat with the same ``entry_id`` adds nothing."""
    values = {
        "id": entry_id or new_id(),
        "company_id": company_id,
        "service": service[:40],
        "at": at,
        "actor_id": actor_id[:80],
        "actor_kind": actor_kind[:12],
        "actor_name": actor_name[:60],
        "action": action[:80],
        "object_kind": object_kind[:40],
        "object_id": object_id[:200],
        "object_name": object_name[:200],
        "detail": detail,
        "address": address[:64],
    }
    if entry_id is None:
        tx.execute(audit.insert().values(**values))
    else:
        tx.insert_new(audit, values)


def record_deed(
    tx: Transaction,
    caller: Caller,
    at: datetime,
    action: str,
    object_kind: str,
    object_id: str,
    object_name: str = "",
    **detail: Any,
) -> None:
    """Add a deed of a caller of this service."""
    record(
        tx,
        at,
        action,
        company_id=caller.company_id or None,
        actor_id=caller.as_actor(),
        actor_kind=caller.kind,
        actor_name=caller.name,
        object_kind=object_kind,
        object_id=object_id,
        object_name=object_name,
        **detail,
    )


def record_heard(tx: Transaction, service: str, event: Audited, row: FeedRow) -> None:
    """Keep a deed that another service published; its event's id keeps it single."""
    record(
        tx,
        event.at,
        event.action,
        company_id=event.company_id if is_id(event.company_id) else None,
        actor_id=event.actor_id,
        actor_kind=event.actor_kind,
        actor_name=event.actor_name,
        object_kind=event.object_kind,
        object_id=event.object_id,
        object_name=event.object_name,
        service=service,
        entry_id=row.id,
        **event.detail,
    )


def record_reported(tx: Transaction, caller: Caller, entries: Sequence[AuditDraft], at: datetime) -> None:
    """Keep deeds that another service reports by call (the gateway's denials)."""
    for entry in entries:
        record(
            tx,
            at,
            entry.action,
            company_id=entry.company_id if is_id(entry.company_id) else None,
            actor_id=entry.actor_id,
            actor_kind=entry.actor_kind,
            actor_name=entry.actor_name,
            object_kind=entry.object_kind,
            object_id=entry.object_id,
            object_name=entry.object_name,
            address=entry.address,
            service=caller.id,
            **entry.detail,
        )

"""The audit trail's way in: a service publishes ``Audited`` in the deed's own transaction, ``auth`` hears it and
keeps it.
"""

from __future__ import annotations

from typing import Any

from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction
from guanjia.kit.feed import Event, publish


class Audited(Event, frozen=True, kw_only=True):
    """Who did what to which thing. ``detail`` never holds secrets or personal identifiers."""

    company_id: str
    actor_id: str
    actor_kind: str
    actor_name: str
    action: str
    object_kind: str
    object_id: str
    object_name: str = ""
    detail: dict[str, Any] = {}


def audit(
    tx: Transaction, caller: Caller, action: str, object_kind: str, object_id: str, object_name: str = "", **detail: Any
) -> None:
    """Record a deed of ``caller``; it is in the trail exactly when the deed is on disk."""
    event = Audited(
        company_id=caller.company_id,
        actor_id=caller.as_actor(),
        actor_kind=caller.kind,
        actor_name=caller.name,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        object_name=object_name,
        detail=detail,
    )
    publish(tx, event, key=f"audit:{object_id}", company_id=caller.company_id)

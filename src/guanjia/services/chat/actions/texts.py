"""Canned replies and greetings, as people change them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.audit import audit
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, is_id, lock, new_id
from guanjia.kit.errors import Conflict, Forbidden, Invalid, NotFound
from guanjia.services.chat.actions.companies import ensure_company
from guanjia.services.chat.models import canned_replies, greetings
from guanjia.services.chat.queries.groups import check_company_wide, is_within
from guanjia.services.chat.queries.people import find_group, group_row, has_permission
from guanjia.services.chat.queries.texts import canned_view, find_canned, list_greetings
from guanjia.services.chat.rules.texts import HOLIDAYS, check_times
from guanjia.services.chat.schemas.texts import CannedDraft, CannedView, GreetingsDraft, GreetingView


def add_canned(tx: Transaction, caller: Caller, draft: CannedDraft, reply_id: str, letters: str) -> CannedView:
    """A canned reply: one's own, or with ``chat.canned.write`` one for a group or the company (R-CALL-01)."""
    ensure_company(tx, caller.company_id)
    _check_may(tx, caller, draft.scope, draft.is_locked)
    values = _values(tx, caller, draft, letters)
    tx.execute(canned_replies.insert().values(id=reply_id, company_id=caller.company_id, version=1, **values))
    _record(tx, caller, "canned_reply_added", reply_id, draft)
    return canned_view(tx, caller, reply_id)


def change_canned(tx: Transaction, caller: Caller, reply_id: str, draft: CannedDraft, letters: str) -> CannedView:
    """Change a canned reply; Conflict ``stale_version``; Forbidden ``text_locked`` for a locked one."""
    lock(tx, "canned", reply_id)
    row = find_canned(tx, caller, reply_id)
    _check_may(tx, caller, row.scope, row.is_locked)
    _check_reach(tx, caller, row)
    _check_may(tx, caller, draft.scope, draft.is_locked)
    if row.version != draft.version:
        raise Conflict("stale_version")
    values = _values(tx, caller, draft, letters)
    tx.execute(canned_replies.update().where(canned_replies.c.id == reply_id).values(version=row.version + 1, **values))
    _record(tx, caller, "canned_reply_changed", reply_id, draft)
    return canned_view(tx, caller, reply_id)


def remove_canned(tx: Transaction, caller: Caller, reply_id: str) -> None:
    """Delete a canned reply."""
    row = find_canned(tx, caller, reply_id)
    _check_may(tx, caller, row.scope, row.is_locked)
    _check_reach(tx, caller, row)
    tx.execute(canned_replies.delete().where(canned_replies.c.id == reply_id))
    if row.scope != "personal":
        audit(tx, caller, "canned_reply_removed", "canned_reply", reply_id, row.title)


def _check_may(tx: Transaction, caller: Caller, scope: str, is_locked: bool) -> None:
    if (scope != "personal" or is_locked) and not has_permission(tx, caller, "chat.canned.write"):
        raise Forbidden("text_locked" if is_locked else "forbidden")
    if scope == "company":
        check_company_wide(caller)


def _check_reach(tx: Transaction, caller: Caller, row: Row[Any]) -> None:
    """Forbidden for the reply of a group that the caller does not reach."""
    group = group_row(tx, caller.company_id, row.group_id)
    if group is not None and not is_within(tx, caller, group.organisation_id):
        raise Forbidden()


def _values(tx: Transaction, caller: Caller, draft: CannedDraft, letters: str) -> dict[str, Any]:
    group_id = None
    if draft.scope == "group":
        if draft.group_id is None:
            raise Invalid(fields={"group_id": "field_missing"})
        try:
            group = find_group(tx, caller.company_id, draft.group_id)
        except NotFound as error:
            raise Invalid(fields={"group_id": "group_unknown"}) from error
        if not is_within(tx, caller, group.organisation_id):
            raise Invalid(fields={"group_id": "group_unknown"})
        group_id = group.id
    return {
        "title": draft.title,
        "text": draft.text,
        "category": draft.category,
        "scope": draft.scope,
        "group_id": group_id,
        "owner_id": caller.id if draft.scope == "personal" else None,
        "is_locked": draft.is_locked,
        "initials": letters[:80],
        "sort": draft.sort,
    }


def _record(tx: Transaction, caller: Caller, action: str, reply_id: str, draft: CannedDraft) -> None:
    if draft.scope != "personal":
        audit(tx, caller, action, "canned_reply", reply_id, draft.title, scope=draft.scope)


def replace_greetings(tx: Transaction, caller: Caller, draft: GreetingsDraft) -> list[GreetingView]:
    """Make the company's greetings exactly these, in this order; Invalid names the item that is wrong."""
    check_company_wide(caller)
    company_id = caller.company_id
    ensure_company(tx, company_id)
    lock(tx, "greetings", company_id)
    known = {row.id for row in tx.rows(sa.select(greetings.c.id).where(greetings.c.company_id == company_id))}
    kept: set[str] = set()
    for sort, one in enumerate(draft.items):
        try:
            check_times(one.from_time, one.to_time)
        except Invalid as error:
            raise Invalid(fields={f"items[{sort}].{name}": why for name, why in error.fields.items()}) from error
        if one.kind == "holiday" and one.holiday not in HOLIDAYS:
            raise Invalid(fields={f"items[{sort}].holiday": "holiday_unknown"})
        values = {
            "kind": one.kind,
            "title": one.title,
            "text": one.text,
            "from_time": one.from_time,
            "to_time": one.to_time,
            "holiday": one.holiday if one.kind == "holiday" else None,
            "is_on": one.is_on,
            "sort": sort,
        }
        if is_id(one.id) and one.id in known and one.id not in kept:
            kept.add(one.id)
            tx.execute(greetings.update().where(greetings.c.id == one.id).values(**values))
        else:
            fresh = new_id()
            kept.add(fresh)
            tx.execute(greetings.insert().values(id=fresh, company_id=company_id, **values))
    gone = sorted(known - kept)
    if gone:
        tx.execute(greetings.delete().where(greetings.c.company_id == company_id, greetings.c.id.in_(gone)))
    audit(tx, caller, "greetings_changed", "greetings", company_id, count=len(draft.items))
    return list_greetings(tx, company_id)

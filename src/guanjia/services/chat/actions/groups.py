"""Groups of agents, kept by administrators; there is always exactly one default group."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from guanjia.kit.audit import audit
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, is_id, lock
from guanjia.kit.errors import Conflict, Invalid, NotFound
from guanjia.services.chat.actions.companies import FIRST_ID, ensure_company
from guanjia.services.chat.actions.conversations import publish_agent
from guanjia.services.chat.models import agents, groups, members
from guanjia.services.chat.queries.groups import check_company_wide, group_view, is_within
from guanjia.services.chat.queries.people import find_group
from guanjia.services.chat.rules.hours import ALWAYS, calendar_of
from guanjia.services.chat.schemas.texts import GroupDraft, GroupView


def add_group(tx: Transaction, caller: Caller, draft: GroupDraft, group_id: str) -> GroupView:
    """A new group; as the new default it takes that mark from the present one, which is a matter of the company."""
    company_id = caller.company_id
    ensure_company(tx, company_id)
    lock(tx, "groups", company_id)
    values = _values(tx, caller, draft)
    if draft.is_default:
        check_company_wide(caller)
        _unmark_default(tx, company_id)
    tx.execute(
        groups.insert().values(
            id=group_id, company_id=company_id, is_active=True, is_default=draft.is_default,
            rescope_after=None, version=1, **values,
        )
    )  # fmt: skip
    _write_members(tx, caller, group_id, draft)
    audit(tx, caller, "group_added", "group", group_id, draft.name)
    return group_view(tx, company_id, group_id)


def change_group(tx: Transaction, caller: Caller, group_id: str, draft: GroupDraft) -> GroupView:
    """Replace a group's settings; Conflict ``stale_version``, ``group_is_default`` (the mark can only be given on)."""
    company_id = caller.company_id
    lock(tx, "groups", company_id)
    row = find_group(tx, company_id, group_id)
    if not is_within(tx, caller, row.organisation_id):
        raise NotFound()
    if row.version != draft.version:
        raise Conflict("stale_version")
    if row.is_default and not draft.is_default:
        raise Conflict("group_is_default")
    values = _values(tx, caller, draft, row.hours)
    if draft.is_default and not row.is_default:
        check_company_wide(caller)
        _unmark_default(tx, company_id)
    if (row.organisation_id, row.name) != (values["organisation_id"], values["name"]):
        values["rescope_after"] = FIRST_ID
    tx.execute(
        groups.update()
        .where(groups.c.id == group_id)
        .values(is_default=draft.is_default, version=row.version + 1, **values)
    )
    _write_members(tx, caller, group_id, draft)
    audit(tx, caller, "group_changed", "group", group_id, draft.name)
    return group_view(tx, company_id, group_id)


def remove_group(tx: Transaction, caller: Caller, group_id: str) -> None:
    """Take a group out of use; who waits in its queue goes to the default group's."""
    lock(tx, "groups", caller.company_id)
    row = find_group(tx, caller.company_id, group_id)
    if not is_within(tx, caller, row.organisation_id):
        raise NotFound()
    if row.is_default:
        raise Conflict("group_is_default")
    tx.execute(groups.update().where(groups.c.id == group_id).values(is_active=False, version=row.version + 1))
    former = [one.agent_id for one in tx.rows(sa.select(members.c.agent_id).where(members.c.group_id == group_id))]
    tx.execute(members.delete().where(members.c.company_id == caller.company_id, members.c.group_id == group_id))
    for agent_id in sorted(former):
        publish_agent(tx, caller.company_id, agent_id)
    audit(tx, caller, "group_removed", "group", group_id, row.name)


def _unmark_default(tx: Transaction, company_id: str) -> None:
    tx.execute(
        groups.update()
        .where(groups.c.company_id == company_id, groups.c.is_default.is_(sa.true()))
        .values(is_default=False, version=groups.c.version + 1)
    )


def _values(tx: Transaction, caller: Caller, draft: GroupDraft, hours: dict[str, Any] | None = None) -> dict[str, Any]:
    if not is_within(tx, caller, draft.organisation_id):
        raise Invalid(fields={"organisation_id": "organisation_unknown"})
    chosen = hours or ALWAYS
    if draft.hours is not None:
        chosen = {
            "time_zone": draft.hours.time_zone,
            "weekly": [{"weekday": one.weekday, "start": one.start, "end": one.end} for one in draft.hours.weekly],
            "dates": [
                {
                    "date": one.date,
                    "title": one.title,
                    "spans": [{"start": span.start, "end": span.end} for span in one.spans],
                }
                for one in draft.hours.dates
            ],
            "uses_public_holidays": draft.hours.uses_public_holidays,
        }
        calendar_of(chosen)
    return {
        "name": draft.name.strip() or draft.name,
        "organisation_id": draft.organisation_id,
        "capacity": draft.capacity,
        "hand_back_seconds": draft.hand_back_seconds,
        "hours": chosen,
        "off_hours_text": draft.off_hours_text,
        "keywords": list(dict.fromkeys(draft.keywords)),
        "accounts": list(dict.fromkeys(draft.accounts)),
    }


def _write_members(tx: Transaction, caller: Caller, group_id: str, draft: GroupDraft) -> None:
    wanted = {one.agent_id: one for one in draft.members}
    known = {
        row.id
        for row in tx.rows(
            sa.select(agents.c.id).where(
                agents.c.company_id == caller.company_id,
                agents.c.id.in_([one for one in sorted(wanted) if is_id(one)]),
                agents.c.is_agent.is_(sa.true()),
            )
        )
    }
    if set(wanted) - known:
        raise Invalid(fields={"members": "agent_unknown"})
    mine = (members.c.company_id == caller.company_id) & (members.c.group_id == group_id)
    former = {row.agent_id for row in tx.rows(sa.select(members.c.agent_id).where(mine))}
    tx.execute(members.delete().where(mine))
    for sort, one in enumerate(wanted.values()):
        tx.execute(
            members.insert().values(
                company_id=caller.company_id,
                group_id=group_id,
                agent_id=one.agent_id,
                capacity=one.capacity,
                skills=list(dict.fromkeys(one.skills)),
                sort=sort,
            )
        )
    for agent_id in sorted(former | set(wanted)):
        publish_agent(tx, caller.company_id, agent_id)

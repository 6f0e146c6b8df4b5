"""Groups as their page shows them, and which organisations a caller reaches."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading
from guanjia.kit.errors import Forbidden, NotFound, Unavailable
from guanjia.services.chat.queries.people import ancestors_of, find_group, group_rows, member_rows
from guanjia.services.chat.schemas.texts import GroupView, Hours, Member, OwnDate, Span, WeeklySpan


def is_within(reading: Reading, caller: Caller, organisation_id: str) -> bool:
    """Whether an organisation is one of the caller's subjects or below one."""
    try:
        return bool(set(ancestors_of(reading, caller.company_id, organisation_id)) & set(caller.subjects))
    except (NotFound, Unavailable):  # no UUID, or no organisation of this company
        return False


def check_company_wide(caller: Caller) -> None:
    """Forbidden unless the caller has the permission at the company itself: what speaks for all of it is not changed
    from a part of it."""
    if caller.company_id not in caller.subjects:
        raise Forbidden("company_wide_only")


def hours_view(hours: dict[str, Any]) -> Hours:
    """Stored hours on the wire."""
    return Hours(
        time_zone=hours["time_zone"],
        weekly=[WeeklySpan(**one) for one in hours["weekly"]],
        dates=[
            OwnDate(date=one["date"], title=one["title"], spans=[Span(**span) for span in one["spans"]])
            for one in hours["dates"]
        ],
        uses_public_holidays=hours["uses_public_holidays"],
    )


def _view(row: Row[Any], own: list[Row[Any]]) -> GroupView:
    return GroupView(
        id=row.id,
        name=row.name,
        organisation_id=row.organisation_id,
        is_default=row.is_default,
        capacity=row.capacity,
        hand_back_seconds=row.hand_back_seconds,
        hours=hours_view(row.hours),
        off_hours_text=row.off_hours_text,
        members=[Member(agent_id=one.agent_id, name=one.name, capacity=one.capacity, skills=one.skills) for one in own],
        keywords=row.keywords,
        accounts=row.accounts,
        version=row.version,
    )


def group_view(reading: Reading, company_id: str, group_id: str) -> GroupView:
    """One group."""
    return _view(find_group(reading, company_id, group_id), member_rows(reading, company_id, group_id))


def list_groups(reading: Reading, company_id: str) -> list[GroupView]:
    """All groups of the company that are in use, the default first: transferring needs them all."""
    own: dict[str, list[Row[Any]]] = {}
    for member in member_rows(reading, company_id):
        own.setdefault(member.group_id, []).append(member)
    return [_view(row, own.get(row.id, [])) for row in group_rows(reading, company_id)]

"""Reads of staff and of what their roles give them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, Select

from guanjia.contracts.auth import RoleGrant
from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading, page_by_id
from guanjia.kit.errors import NotFound
from guanjia.kit.http import Items
from guanjia.services.auth.models import companies, grants, organisations, staff
from guanjia.services.auth.queries.policies import permission_names
from guanjia.services.auth.rules.passwords import login_key
from guanjia.services.auth.rules.roles import all_roles
from guanjia.services.auth.schemas import CompanyBrief, HeldRole, Me, StaffView


@dataclass(frozen=True)
class Held:
    """A role that somebody holds, and the path of the organisation where he holds it."""

    role: str
    organisation_id: str
    organisation_name: str
    path: str


def held_roles(reading: Reading, staff_id: str) -> list[Held]:
    """The roles of one person."""
    return held_by(reading, [staff_id])[staff_id]


def held_by(reading: Reading, staff_ids: Sequence[str]) -> dict[str, list[Held]]:
    """The roles of several persons, by person; empty for one without."""
    found: dict[str, list[Held]] = defaultdict(list)
    if not staff_ids:
        return found
    statement = (
        sa.select(
            grants.c.staff_id, grants.c.role, grants.c.organisation_id, organisations.c.name, organisations.c.path
        )
        .join(organisations, organisations.c.id == grants.c.organisation_id)
        .where(grants.c.staff_id.in_(staff_ids))
        .order_by(organisations.c.path, grants.c.role)
    )
    for row in reading.rows(statement):
        found[row.staff_id].append(Held(row.role, row.organisation_id, row.name, row.path))
    return found


def role_grants(held: Iterable[Held]) -> list[RoleGrant]:
    """Roles as the contract writes them."""
    return [RoleGrant(role=one.role, organisation_id=one.organisation_id) for one in held]


def permissions_of(held: Iterable[Held], names: set[str]) -> list[str]:
    """The permission names that the roles give anywhere."""
    roles = all_roles()
    return sorted({name for one in held for name in roles.expand(one.role, names)})


def visible_staff(caller: Caller) -> Select[Any]:
    """Staff who belong at or below the organisations where the caller's permission holds."""
    top = organisations.alias("top")
    is_below = sa.exists().where(
        top.c.id.in_(caller.subjects),
        top.c.company_id == caller.company_id,
        organisations.c.path.startswith(top.c.path),
    )
    return (
        sa.select(staff, organisations.c.name.label("organisation_name"), organisations.c.path)
        .join(organisations, organisations.c.id == staff.c.organisation_id)
        .where(staff.c.company_id == caller.company_id, is_below)
    )


def find_staff(reading: Reading, caller: Caller, staff_id: str) -> Row[Any]:
    """One visible member of staff; NotFound otherwise."""
    row = reading.one(visible_staff(caller).where(staff.c.id == staff_id))
    if row is None:
        raise NotFound()
    return row


def staff_fields(row: Row[Any], held: Iterable[Held]) -> dict[str, Any]:
    """What ``StaffView`` shows of a row of ``visible_staff``."""
    return {
        "id": row.id,
        "login": row.login,
        "name": row.name,
        "phone": row.phone_masked,
        "organisation_id": row.organisation_id,
        "organisation_name": row.organisation_name,
        "grants": role_grants(held),
        "is_active": row.is_active,
        "must_change_password": row.must_change_password,
        "last_sign_in_at": row.last_sign_in_at,
        "created_at": row.created_at,
        "version": row.version,
    }


def show_staff(reading: Reading, caller: Caller, staff_id: str) -> StaffView:
    """One visible member of staff, as the API shows him."""
    row = find_staff(reading, caller, staff_id)
    return StaffView(**staff_fields(row, held_roles(reading, staff_id)))


def list_staff(reading: Reading, caller: Caller, q: str, cursor: str | None, limit: int) -> Items[StaffView]:
    """Visible staff, newest first; ``q`` is part of a name or the beginning of a login."""
    statement = visible_staff(caller)
    if q.strip():
        by_login = staff.c.login_key.startswith(login_key(q)[:64], autoescape=True)
        by_name = staff.c.name.contains(q.strip()[:60], autoescape=True)
        statement = statement.where(by_login | by_name)
    rows, following = page_by_id(reading, statement, staff.c.id, cursor, limit)
    held = held_by(reading, [row.id for row in rows])
    return Items(items=[StaffView(**staff_fields(row, held[row.id])) for row in rows], next=following)


def my_permissions(reading: Reading, staff_id: str) -> set[str]:
    """The permission names that a person's roles give him anywhere."""
    return set(permissions_of(held_roles(reading, staff_id), permission_names(reading)))


def show_me(reading: Reading, staff_id: str, language: str) -> Me:
    """The signed-in person; NotFound when he is gone."""
    statement = (
        sa.select(staff, companies.c.name.label("company_name"), companies.c.time_zone)
        .join(companies, companies.c.id == staff.c.company_id)
        .where(staff.c.id == staff_id)
    )
    row = reading.one(statement)
    if row is None:
        raise NotFound()
    held = held_roles(reading, staff_id)
    roles = all_roles()
    return Me(
        id=row.id,
        login=row.login,
        name=row.name,
        company=CompanyBrief(id=row.company_id, name=row.company_name, time_zone=row.time_zone),
        organisation_id=row.organisation_id,
        roles=[
            HeldRole(
                role=one.role,
                title=roles.by_key[one.role].titles[language] if one.role in roles.by_key else one.role,
                organisation_id=one.organisation_id,
                organisation_name=one.organisation_name,
            )
            for one in held
        ],
        permissions=permissions_of(held, permission_names(reading)),
        must_change_password=row.must_change_password,
    )

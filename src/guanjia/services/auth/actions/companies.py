"""Writes of companies. A company's root organisation has the company's own id."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from guanjia.contracts.auth import RoleGrant
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.errors import Conflict, Invalid
from guanjia.services.auth.actions.audit import record, record_deed
from guanjia.services.auth.actions.organisations import lock_company, publish_company, publish_organisation
from guanjia.services.auth.actions.staff import NewStaff, insert_staff
from guanjia.services.auth.models import companies, organisations, sessions
from guanjia.services.auth.queries.organisations import company_view, find_company, has_company
from guanjia.services.auth.queries.staff import find_staff, held_roles, staff_fields
from guanjia.services.auth.rules.organisations import child_path
from guanjia.services.auth.rules.roles import ADMINISTRATOR, PLATFORM_ADMINISTRATOR
from guanjia.services.auth.schemas import CompanyAdded, CompanyPatch, CompanyView, StaffAdded

TIME_ZONE = "Asia/Shanghai"


def _check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise Invalid(fields={"time_zone": "time_zone_unknown"}) from error
    return name


def _check_name(tx: Transaction, name: str, but: str = "") -> str:
    name = name.strip()
    if not name:
        raise Invalid(fields={"name": "field_missing"})
    lock(tx, "company-name", name)
    taken = tx.one(sa.select(companies.c.id).where(companies.c.name == name))
    if taken is not None and taken.id != but:
        raise Conflict("company_name_taken", fields={"name": "company_name_taken"})
    return name


def insert_company(tx: Transaction, company_id: str, name: str, time_zone: str, at: datetime) -> None:
    """Write a company and its root organisation."""
    name = _check_name(tx, name)
    shared = {"id": company_id, "name": name, "is_active": True, "version": 1, "created_at": at}
    tx.execute(companies.insert().values(**shared, time_zone=_check_time_zone(time_zone)))
    path = child_path("/", company_id)
    values = {"company_id": company_id, "parent_id": None, "path": path, "kind": "company"}
    tx.execute(organisations.insert().values(**shared, **values))
    publish_company(tx, company_id)
    publish_organisation(tx, company_id)


def add_company(
    tx: Transaction,
    caller: Caller,
    company_id: str,
    name: str,
    time_zone: str,
    administrator: NewStaff,
    at: datetime,
) -> CompanyAdded:
    """Open a company with its first administrator, whose ``grants`` are the company's own administration."""
    insert_company(tx, company_id, name, time_zone, at)
    insert_staff(tx, company_id, administrator, at)
    record_deed(tx, caller, at, "company_added", "company", company_id, name)
    record(
        tx,
        at,
        "company_added",
        company_id=company_id,
        actor_kind="staff",
        object_kind="company",
        object_id=company_id,
        object_name=name,
    )
    newcomer = Caller(kind="staff", id=administrator.id, company_id=company_id, subjects=(company_id,))
    row = find_staff(tx, newcomer, administrator.id)
    shown = StaffAdded(**staff_fields(row, held_roles(tx, administrator.id)), initial_password=None)
    return CompanyAdded(company=company_view(find_company(tx, company_id)), administrator=shown)


def change_company(tx: Transaction, caller: Caller, company_id: str, patch: CompanyPatch, at: datetime) -> CompanyView:
    """Rename, close or open a company, or set its time zone. Nobody closes his own; closing ends all its sessions."""
    lock_company(tx, company_id)
    row = find_company(tx, company_id)
    if row.version != patch.version:
        raise Conflict("stale_version")
    changed: dict[str, Any] = {}
    if patch.name is not None and patch.name.strip() != row.name:
        changed["name"] = _check_name(tx, patch.name, but=company_id)
    if patch.time_zone is not None and patch.time_zone != row.time_zone:
        changed["time_zone"] = _check_time_zone(patch.time_zone)
    if patch.is_active is not None and patch.is_active != row.is_active:
        if company_id == caller.company_id:
            raise Conflict("company_is_own")
        changed["is_active"] = patch.is_active
        if not patch.is_active:
            living = (sessions.c.company_id == company_id) & sessions.c.revoked_at.is_(None)
            tx.execute(sessions.update().where(living).values(revoked_at=at, revoked_for="company_closed"))
    if changed:
        values = {**changed, "version": row.version + 1}
        tx.execute(companies.update().where(companies.c.id == company_id).values(**values))
        if "name" in changed:
            root = {"name": changed["name"], "version": organisations.c.version + 1}
            tx.execute(organisations.update().where(organisations.c.id == company_id).values(**root))
            publish_organisation(tx, company_id)
        publish_company(tx, company_id)
        record_deed(tx, caller, at, "company_changed", "company", company_id, row.name, fields=sorted(changed))
    return company_view(find_company(tx, company_id))


def found_platform(
    tx: Transaction, company_name: str, login: str, password_hash: str, at: datetime, *, must_change: bool = True
) -> bool:
    """Open the first company with its administrator, who is the platform's too; False when there is one already."""
    lock(tx, "foundation", "platform")
    if has_company(tx):
        return False
    company_id, staff_id = new_id(), new_id()
    insert_company(tx, company_id, company_name, TIME_ZONE, at)
    roles = (ADMINISTRATOR, PLATFORM_ADMINISTRATOR)
    first = NewStaff(
        id=staff_id,
        login=login,
        name=login,
        organisation_id=company_id,
        grants=[RoleGrant(role=role, organisation_id=company_id) for role in roles],
        password_hash=password_hash,
        must_change_password=must_change,
    )
    insert_staff(tx, company_id, first, at)
    record(
        tx,
        at,
        "platform_founded",
        company_id=company_id,
        actor_kind="service",
        actor_id="auth",
        object_kind="company",
        object_id=company_id,
        object_name=company_name,
    )
    return True

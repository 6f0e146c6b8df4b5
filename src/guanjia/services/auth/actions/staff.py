"""Writes of staff: who they are, which roles they hold, their passwords."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.auth import RoleGrant, StaffChanged
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction
from guanjia.kit.errors import Conflict, Forbidden, Invalid
from guanjia.kit.feed import publish
from guanjia.services.auth.actions.audit import record_deed
from guanjia.services.auth.actions.organisations import lock_company, named_organisation
from guanjia.services.auth.actions.sessions import clear_throttle, revoke_sessions
from guanjia.services.auth.models import grants, staff
from guanjia.services.auth.queries.policies import permission_names, policies_version
from guanjia.services.auth.queries.staff import (
    Held,
    find_staff,
    held_by,
    held_roles,
    permissions_of,
    role_grants,
    staff_fields,
)
from guanjia.services.auth.rules.organisations import is_within
from guanjia.services.auth.rules.passwords import login_fault, login_key
from guanjia.services.auth.rules.roles import ADMINISTRATOR, all_roles
from guanjia.services.auth.schemas import StaffAdded, StaffPatch, StaffView


@dataclass(frozen=True)
class NewStaff:
    """A new member of staff, his password hashed and his phone number sealed already."""

    id: str
    login: str
    name: str
    organisation_id: str
    grants: Sequence[RoleGrant]
    password_hash: str
    must_change_password: bool
    phone: str | None = None
    phone_masked: str = ""


def insert_staff(tx: Transaction, company_id: str, draft: NewStaff, at: datetime) -> None:
    """Write a new member of staff; Conflict when the login is taken anywhere in the platform."""
    if fault := login_fault(draft.login):
        raise Invalid(fields={"login": fault})
    name = draft.name.strip()
    if not name:
        raise Invalid(fields={"name": "field_missing"})
    values = {
        "id": draft.id,
        "company_id": company_id,
        "login": draft.login,
        "login_key": login_key(draft.login),
        "name": name,
        "phone": draft.phone,
        "phone_masked": draft.phone_masked,
        "organisation_id": draft.organisation_id,
        "password_hash": draft.password_hash,
        "must_change_password": draft.must_change_password,
        "is_active": True,
        "last_sign_in_at": None,
        "policies_version": 0,
        "permissions_hash": "",
        "version": 1,
        "created_at": at,
    }
    if not tx.insert_new(staff, values):
        raise Conflict("login_taken", fields={"login": "login_taken"})
    _store_grants(tx, company_id, draft.id, draft.grants)
    publish_staff(tx, [draft.id], is_forced=True)


def _store_grants(tx: Transaction, company_id: str, staff_id: str, wanted: Sequence[RoleGrant]) -> None:
    for one in set(wanted):
        values = {"staff_id": staff_id, "role": one.role, "organisation_id": one.organisation_id}
        tx.execute(grants.insert().values(company_id=company_id, **values))


def publish_staff(tx: Transaction, staff_ids: Sequence[str], *, is_forced: bool) -> None:
    """Tell everybody how these members of staff stand now; unless forced, only where their permissions changed."""
    names, version = permission_names(tx), policies_version(tx)
    held = held_by(tx, staff_ids)
    for row in tx.rows(sa.select(staff).where(staff.c.id.in_(staff_ids)).order_by(staff.c.id)):
        permissions = permissions_of(held[row.id], names)
        digest = hashlib.sha256(" ".join(permissions).encode()).hexdigest()
        values = {"policies_version": version, "permissions_hash": digest}
        tx.execute(staff.update().where(staff.c.id == row.id).values(**values))
        if not is_forced and digest == row.permissions_hash:
            continue
        event = StaffChanged(
            id=row.id,
            company_id=row.company_id,
            name=row.name,
            login=row.login,
            organisation_id=row.organisation_id,
            grants=role_grants(held[row.id]),
            permissions=permissions,
            is_active=row.is_active,
        )
        publish(tx, event, key=f"staff:{row.id}", company_id=row.company_id, subjects=[row.company_id])


def republish_staff(tx: Transaction, limit: int = 500) -> bool:
    """Tell what new rows and roles made of the staff of one company; whether there may be more."""
    stale = staff.c.policies_version < policies_version(tx)
    first = tx.one(sa.select(staff.c.company_id).where(stale).limit(1))
    if first is None:
        return False
    lock_company(tx, first.company_id)
    some = sa.select(staff.c.id).where(stale, staff.c.company_id == first.company_id).limit(limit)
    publish_staff(tx, [row.id for row in tx.rows(some)], is_forced=False)
    return True


def add_staff(tx: Transaction, caller: Caller, draft: NewStaff, at: datetime) -> StaffAdded:
    """Add somebody at or below the caller's organisations, with roles that the caller may give."""
    lock_company(tx, caller.company_id)
    named_organisation(tx, caller, "organisation_id", draft.organisation_id)
    _check_grants(tx, caller, draft.grants)
    insert_staff(tx, caller.company_id, draft, at)
    roles = sorted({one.role for one in draft.grants})
    record_deed(tx, caller, at, "staff_added", "staff", draft.id, draft.name, login=draft.login, roles=roles)
    row = find_staff(tx, caller, draft.id)
    return StaffAdded(**staff_fields(row, held_roles(tx, draft.id)), initial_password=None)


def _check_grants(tx: Transaction, caller: Caller, wanted: Sequence[RoleGrant]) -> None:
    """Invalid for what is no role or no visible organisation, Forbidden for a role beyond the caller's own."""
    own = held_roles(tx, caller.id)
    for one in wanted:
        if one.role not in all_roles().by_key:
            raise Invalid(fields={"grants": "role_unknown"})
        path = named_organisation(tx, caller, "grants", one.organisation_id).path
        if not _may_give(own, one.role, path):
            raise Forbidden("role_beyond_yours", fields={"grants": "role_beyond_yours"})


def _may_give(own: Sequence[Held], role: str, path: str) -> bool:
    """Whether the roles held at the organisation of ``path`` or above give all that ``role`` gives."""
    return all_roles().covers([one.role for one in own if is_within(path, one.path)], role)


def _check_reach(tx: Transaction, caller: Caller, held: Sequence[Held]) -> None:
    """Forbidden when somebody holds more than the caller: who could change him could become him."""
    own = held_roles(tx, caller.id)
    if not all(_may_give(own, one.role, one.path) for one in held):
        raise Forbidden("role_beyond_yours")


def change_staff(tx: Transaction, caller: Caller, staff_id: str, patch: StaffPatch, at: datetime) -> StaffView:
    """Change somebody within the caller's reach. Disabling, or taking a role, ends his sessions. Conflict for an old
    version, or for the company's last administrator."""
    lock_company(tx, caller.company_id)
    row = find_staff(tx, caller, staff_id)
    if row.version != patch.version:
        raise Conflict("stale_version")
    held = held_roles(tx, staff_id)
    _check_reach(tx, caller, held)
    changed: dict[str, Any] = {}
    if patch.name is not None and patch.name.strip() != row.name:
        if not patch.name.strip():
            raise Invalid(fields={"name": "field_missing"})
        changed["name"] = patch.name.strip()
    if patch.organisation_id is not None and patch.organisation_id != row.organisation_id:
        named_organisation(tx, caller, "organisation_id", patch.organisation_id)
        changed["organisation_id"] = patch.organisation_id
    if patch.is_active is not None and patch.is_active != row.is_active:
        if patch.is_active:
            named_organisation(tx, caller, "organisation_id", patch.organisation_id or row.organisation_id)
        changed["is_active"] = patch.is_active
    before = {(one.role, one.organisation_id) for one in held}
    after = before if patch.grants is None else {(one.role, one.organisation_id) for one in patch.grants}
    if changed.get("is_active"):
        for organisation_id in {where for _, where in after}:
            named_organisation(tx, caller, "grants", organisation_id)
    if not changed and after == before:
        return StaffView(**staff_fields(row, held))
    if after != before:
        _check_grants(tx, caller, [RoleGrant(role=role, organisation_id=at_id) for role, at_id in after - before])
        tx.execute(grants.delete().where(grants.c.staff_id == staff_id))
        _store_grants(tx, row.company_id, staff_id, patch.grants or ())
    tx.execute(staff.update().where(staff.c.id == staff_id).values(**changed, version=row.version + 1))
    _keep_an_administrator(tx, row.company_id)
    if before - after or changed.get("is_active") is False:
        revoke_sessions(tx, row.company_id, staff_id, "disabled_or_role_taken", at)
    publish_staff(tx, [staff_id], is_forced=True)
    detail = {"fields": sorted(changed)}
    if after != before:
        detail |= {"roles_given": _role_names(after - before), "roles_taken": _role_names(before - after)}
    record_deed(tx, caller, at, "staff_changed", "staff", staff_id, row.name, **detail)
    return StaffView(**staff_fields(find_staff(tx, caller, staff_id), held_roles(tx, staff_id)))


def _role_names(pairs: set[tuple[str, str]]) -> list[str]:
    return sorted({role for role, _ in pairs})


def _keep_an_administrator(tx: Transaction, company_id: str) -> None:
    """Conflict when nobody active administers the whole company any more."""
    statement = (
        sa.select(grants.c.staff_id)
        .join(staff, staff.c.id == grants.c.staff_id)
        .where(
            grants.c.company_id == company_id,
            grants.c.role == ADMINISTRATOR,
            grants.c.organisation_id == company_id,
            staff.c.is_active,
        )
    )
    if tx.one(statement.limit(1)) is None:
        raise Conflict("last_administrator")


def reset_password(tx: Transaction, caller: Caller, staff_id: str, password_hash: str, at: datetime) -> Row[Any]:
    """Give somebody within the caller's reach a new password; his sessions end and he may sign in at once."""
    lock_company(tx, caller.company_id)
    row = find_staff(tx, caller, staff_id)
    _check_reach(tx, caller, held_roles(tx, staff_id))
    values = {"password_hash": password_hash, "must_change_password": True, "version": row.version + 1}
    tx.execute(staff.update().where(staff.c.id == staff_id).values(**values))
    clear_throttle(tx, row.login_key)
    revoke_sessions(tx, row.company_id, staff_id, "password_reset", at)
    record_deed(tx, caller, at, "password_reset", "staff", staff_id, row.name)
    return row


def change_own_password(tx: Transaction, caller: Caller, known_hash: str, password_hash: str, at: datetime) -> None:
    """Replace the caller's password, known to be right when it was ``known_hash``; his other sessions end."""
    own = (staff.c.id == caller.id) & (staff.c.password_hash == known_hash)
    values = {"password_hash": password_hash, "must_change_password": False, "version": staff.c.version + 1}
    if tx.execute(staff.update().where(own).values(**values)).rowcount != 1:
        raise Conflict("stale_version")
    clear_throttle(tx, login_key(tx.scalar(sa.select(staff.c.login).where(staff.c.id == caller.id))))
    revoke_sessions(tx, caller.company_id, caller.id, "password_changed", at, but=caller.session_id)
    record_deed(tx, caller, at, "password_changed", "staff", caller.id, caller.name)

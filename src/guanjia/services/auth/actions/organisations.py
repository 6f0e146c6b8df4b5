"""Writes of the organisation tree. All of a company's administration waits for one lock, so its rules hold together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.auth import CompanyChanged, OrganisationChanged
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock
from guanjia.kit.errors import Conflict, Invalid, NotFound
from guanjia.kit.feed import publish
from guanjia.services.auth.actions.audit import record_deed
from guanjia.services.auth.models import companies, grants, organisations, staff
from guanjia.services.auth.queries.organisations import find_organisation, organisation_view
from guanjia.services.auth.rules.organisations import DEEPEST, child_path, depth, move_fault
from guanjia.services.auth.schemas import OrganisationDraft, OrganisationPatch, OrganisationView

KINDS = ("region", "department", "dealer", "community", "group")


def lock_company(tx: Transaction, company_id: str) -> None:
    """Let no other administration of the company run beside this one."""
    lock(tx, "company", company_id)


def named_organisation(tx: Transaction, caller: Caller, field: str, organisation_id: str) -> Row[Any]:
    """The visible, open organisation that a body's ``field`` names; Invalid otherwise."""
    try:
        row = find_organisation(tx, caller, organisation_id)
    except NotFound as error:
        raise Invalid(fields={field: "organisation_unknown"}) from error
    if not row.is_active:
        raise Invalid(fields={field: "organisation_closed"})
    return row


def publish_organisation(tx: Transaction, organisation_id: str) -> None:
    """Tell everybody how the organisation stands now."""
    row = tx.one(sa.select(organisations).where(organisations.c.id == organisation_id))
    assert row is not None
    event = OrganisationChanged(
        id=row.id,
        company_id=row.company_id,
        parent_id=row.parent_id,
        path=row.path,
        name=row.name,
        kind=row.kind,
        is_active=row.is_active,
    )
    key = f"organisations:{row.company_id}"
    publish(tx, event, key=key, company_id=row.company_id, subjects=[row.company_id])


def publish_company(tx: Transaction, company_id: str) -> None:
    """Tell everybody how the company stands now."""
    row = tx.one(sa.select(companies).where(companies.c.id == company_id))
    assert row is not None
    event = CompanyChanged(id=row.id, name=row.name, time_zone=row.time_zone, is_active=row.is_active)
    publish(tx, event, key=f"company:{company_id}", company_id=company_id, subjects=[company_id])


def add_organisation(
    tx: Transaction, caller: Caller, draft: OrganisationDraft, organisation_id: str, at: datetime
) -> OrganisationView:
    """Hang a new organisation below a visible one; Conflict when a sibling has its name."""
    lock_company(tx, caller.company_id)
    if draft.kind not in KINDS:
        raise Invalid(fields={"kind": "organisation_kind_unknown"})
    parent = named_organisation(tx, caller, "parent_id", draft.parent_id)
    path = child_path(parent.path, organisation_id)
    if depth(path) > DEEPEST:
        raise Invalid(fields={"parent_id": "organisation_too_deep"})
    name = _free_name(tx, caller.company_id, parent.id, draft.name)
    values = {"id": organisation_id, "company_id": caller.company_id, "parent_id": parent.id, "path": path}
    tx.execute(
        organisations.insert().values(**values, name=name, kind=draft.kind, is_active=True, version=1, created_at=at)
    )
    publish_organisation(tx, organisation_id)
    record_deed(tx, caller, at, "organisation_added", "organisation", organisation_id, name, kind=draft.kind)
    return organisation_view(find_organisation(tx, caller, organisation_id))


def _free_name(tx: Transaction, company_id: str, parent_id: str | None, name: str, but: str = "") -> str:
    name = name.strip()
    if not name:
        raise Invalid(fields={"name": "field_missing"})
    taken = sa.select(organisations.c.id).where(
        organisations.c.company_id == company_id,
        organisations.c.parent_id == parent_id,
        organisations.c.name == name,
    )
    if any(row.id != but for row in tx.rows(taken)):
        raise Conflict("organisation_name_taken", fields={"name": "organisation_name_taken"})
    return name


def change_organisation(
    tx: Transaction, caller: Caller, organisation_id: str, patch: OrganisationPatch, at: datetime
) -> OrganisationView:
    """Rename, move with all below it, close or open again. Conflict for an old version, a circle, the root, or one
    still in use."""
    lock_company(tx, caller.company_id)
    row = find_organisation(tx, caller, organisation_id)
    if row.version != patch.version:
        raise Conflict("stale_version")
    is_root = row.parent_id is None
    changed: dict[str, Any] = {}
    parent_id, path = row.parent_id, row.path
    if patch.parent_id is not None and patch.parent_id != row.parent_id:
        parent_id, path = _move(tx, caller, row, patch.parent_id)
        changed["parent_id"] = parent_id
    if (patch.name is not None and patch.name.strip() != row.name) or parent_id != row.parent_id:
        name = _free_name(tx, caller.company_id, parent_id, patch.name or row.name, but=row.id)
        if name != row.name:
            changed["name"] = name
    if patch.is_active is not None and patch.is_active != row.is_active:
        if is_root:
            raise Conflict("organisation_is_root")
        if not patch.is_active:
            _refuse_if_in_use(tx, row)
        else:
            named_organisation(tx, caller, "is_active", row.parent_id)
        changed["is_active"] = patch.is_active
    if changed:
        values = {**changed, "version": row.version + 1}
        tx.execute(organisations.update().where(organisations.c.id == row.id).values(**values))
        if is_root and "name" in changed:
            _rename_company(tx, row.company_id, changed["name"])
        for moved in _subtree(tx, row.company_id, path) if path != row.path else [row.id]:
            publish_organisation(tx, moved)
        fields = sorted(changed)
        record_deed(tx, caller, at, "organisation_changed", "organisation", row.id, row.name, fields=fields)
    return organisation_view(find_organisation(tx, caller, organisation_id))


def _rename_company(tx: Transaction, company_id: str, name: str) -> None:
    """A company's root carries its name."""
    taken = sa.select(companies.c.id).where(companies.c.name == name, companies.c.id != company_id)
    if tx.one(taken) is not None:
        raise Conflict("company_name_taken", fields={"name": "company_name_taken"})
    values = {"name": name, "version": companies.c.version + 1}
    tx.execute(companies.update().where(companies.c.id == company_id).values(**values))
    publish_company(tx, company_id)


def _subtree(tx: Transaction, company_id: str, path: str) -> list[str]:
    below = (organisations.c.company_id == company_id) & organisations.c.path.startswith(path)
    statement = sa.select(organisations.c.id).where(below).order_by(organisations.c.path)
    return [row.id for row in tx.rows(statement)]


def _move(tx: Transaction, caller: Caller, row: Row[Any], parent_id: str) -> tuple[str, str]:
    """Give the organisation and all below it the paths of their new place."""
    if row.parent_id is None:
        raise Conflict("organisation_is_root")
    parent = named_organisation(tx, caller, "parent_id", parent_id)
    below = (organisations.c.company_id == row.company_id) & organisations.c.path.startswith(row.path)
    paths = [one.path for one in tx.rows(sa.select(organisations.c.path).where(below))]
    fault = move_fault(row.path, parent.path, max(depth(one) for one in paths))
    if fault is not None:
        raise Conflict(fault, fields={"parent_id": fault})
    path = child_path(parent.path, row.id)
    rest = sa.func.substr(organisations.c.path, len(row.path) + 1, type_=sa.String())
    tx.execute(organisations.update().where(below).values(path=sa.literal(path, sa.String()) + rest))
    return parent.id, path


def _refuse_if_in_use(tx: Transaction, row: Row[Any]) -> None:
    """An organisation closes only when nothing open hangs on it: else people would lose their rights unseen."""
    users = (
        sa.select(organisations.c.id).where(organisations.c.parent_id == row.id, organisations.c.is_active),
        sa.select(staff.c.id).where(staff.c.organisation_id == row.id, staff.c.is_active),
        sa.select(grants.c.staff_id)
        .join(staff, staff.c.id == grants.c.staff_id)
        .where(grants.c.organisation_id == row.id, staff.c.is_active),
    )
    if any(tx.one(statement.limit(1)) is not None for statement in users):
        raise Conflict("organisation_in_use")

"""Taking in what services announce: permissions, rows and menus."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from guanjia.contracts.auth import AuthAnnouncement, MenuItem, PoliciesChanged
from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.errors import Conflict, Invalid
from guanjia.kit.feed import publish
from guanjia.services.auth.models import announcements, menus, permissions, policies
from guanjia.services.auth.queries.policies import policies_version
from guanjia.services.auth.rules.roles import SELF


def take_announcement(tx: Transaction, service: str, digest: str, content: AuthAnnouncement, at: datetime) -> None:
    """Make ``content`` what ``service`` offers. A service names only permissions of its own."""
    for one in content.permissions:
        if not one.name.startswith(f"{service}."):
            raise Invalid(fields={"permissions": "permission_foreign"})
    own = {one.name for one in content.permissions} | {SELF, ""}
    if any(row.permission not in own for row in content.rows):
        raise Invalid(fields={"rows": "permission_foreign"})
    lock(tx, "announcements", service)
    of_service = announcements.c.service == service
    tx.execute(announcements.update().where(of_service).values(is_current=False))
    values = {"content": content.rows, "is_current": True, "announced_at": at}
    tx.upsert(announcements, {"service": service, "hash": digest}, values)
    tx.execute(permissions.delete().where(permissions.c.service == service))
    for one in content.permissions:
        tx.execute(permissions.insert().values(name=one.name, service=service, titles=one.titles))
    _store_menus(tx, service, content.menus, at)
    raise_version(tx)


def _store_menus(tx: Transaction, service: str, items: list[MenuItem], at: datetime) -> None:
    known = {row.code: row for row in tx.rows(sa.select(menus.c.id, menus.c.code, menus.c.service))}
    for item in items:
        row = known.get(item.code)
        if row is not None and row.service != service:
            raise Conflict("menu_code_taken", menu=item.code)
        values = {
            "service": service,
            "parent": item.parent,
            "titles": item.titles,
            "url": item.url,
            "icon": item.icon,
            "permission": item.permission,
            "sort": item.sort,
            "updated_at": at,
        }
        if row is None:
            tx.execute(menus.insert().values(id=new_id(), code=item.code, created_at=at, **values))
        else:
            tx.execute(menus.update().where(menus.c.id == row.id).values(**values))
    gone = {code for code, row in known.items() if row.service == service} - {item.code for item in items}
    if gone:
        tx.execute(menus.delete().where(menus.c.code.in_(sorted(gone))))


def raise_version(tx: Transaction) -> None:
    """Say that rows or roles changed; gateways read them again."""
    lock(tx, "policies", "version")
    tx.insert_new(policies, {"id": 1, "version": 0, "roles_hash": ""})
    tx.execute(policies.update().where(policies.c.id == 1).values(version=policies.c.version + 1))
    publish(tx, PoliciesChanged(version=policies_version(tx)), key="policies")


def take_roles(tx: Transaction, digest: str) -> None:
    """Notice that this release has other roles than the one before."""
    lock(tx, "policies", "version")
    if tx.scalar(sa.select(policies.c.roles_hash)) != digest:
        raise_version(tx)
        tx.execute(policies.update().where(policies.c.id == 1).values(roles_hash=digest))

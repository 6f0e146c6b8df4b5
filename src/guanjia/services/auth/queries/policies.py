"""Reads of what services announced: rows, permission names, menus; and what roles make of them."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from guanjia.contracts.auth import Policies, ServiceRows
from guanjia.kit.database import Reading
from guanjia.kit.http import RouteRow
from guanjia.services.auth.models import announcements, menus, permissions, policies
from guanjia.services.auth.rules.menus import Branch, Entry, grow
from guanjia.services.auth.rules.roles import all_roles
from guanjia.services.auth.schemas import Menu, RoleView

# Pages that are no part of the console open in a window of their own.
OTHER_APPS = ("/phone/", "/h5/", "/widget/")


def permission_names(reading: Reading) -> set[str]:
    """Every announced permission."""
    return {row.name for row in reading.rows(sa.select(permissions.c.name))}


def policies_version(reading: Reading) -> int:
    """The number of the present rows and roles; 0 before anything was announced."""
    return int(reading.scalar(sa.select(policies.c.version)) or 0)


def is_announced(reading: Reading, service: str, digest: str) -> bool:
    """Whether this content is what the service offers at present."""
    known = sa.select(announcements.c.is_current).where(
        announcements.c.service == service, announcements.c.hash == digest
    )
    return bool(reading.scalar(known))


def read_policies(reading: Reading) -> Policies:
    """All rows, and the permission names of every role."""
    names = permission_names(reading)
    current = sa.select(announcements).where(announcements.c.is_current).order_by(announcements.c.service)
    roles = all_roles()
    return Policies(
        version=policies_version(reading),
        services=[
            ServiceRows(service=row.service, rows=msgspec.convert(row.content, list[RouteRow]))
            for row in reading.rows(current)
        ],
        roles={key: sorted(roles.expand(key, names)) for key in roles.by_key},
    )


def list_roles(reading: Reading, held: list[str], language: str) -> list[RoleView]:
    """The roles in words; those of the platform only for somebody whose roles ``held`` give as much."""
    names = permission_names(reading)
    roles = all_roles()
    return [
        RoleView(
            key=role.key,
            title=role.titles[language],
            description=role.descriptions[language],
            permissions=sorted(roles.expand(role.key, names)),
        )
        for role in roles.by_key.values()
        if not roles.is_of_platform(role.key) or roles.covers(held, role.key)
    ]


def list_menus(reading: Reading, held: set[str], language: str) -> list[Menu]:
    """The menu tree of somebody with the permissions ``held``."""
    rows = {row.code: row for row in reading.rows(sa.select(menus))}
    entries = [Entry(row.code, row.parent, row.url, row.permission, row.sort) for row in rows.values()]

    def shown(branch: Branch, parent_id: str | None) -> Menu:
        row = rows[branch.code]
        return Menu(
            id=row.id,
            menuname=row.titles.get(language) or row.titles.get("zh-CN") or row.code,
            parentid=parent_id,
            menucode=row.code,
            menuurl=row.url,
            menuicon=row.icon,
            urltarget="_blank" if row.url.startswith(OTHER_APPS) else "_self",
            isactive=True,
            navmenu=True,
            isleaf=not branch.children,
            viewtype="page" if row.url else "folder",
            sort=row.sort,
            remark="",
            creator=row.service,
            modified=row.service,
            createtime=row.created_at,
            lastupdate=row.updated_at,
            children=[shown(child, row.id) for child in branch.children],
        )

    return [shown(branch, None) for branch in grow(entries, held)]

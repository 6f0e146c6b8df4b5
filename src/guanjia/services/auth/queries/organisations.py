"""Reads of companies and organisations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row, Select

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading, page_by_id
from guanjia.kit.errors import NotFound
from guanjia.kit.http import Items
from guanjia.services.auth.models import companies, organisations
from guanjia.services.auth.schemas import CompanyBrief, CompanyView, OrganisationView


def visible_organisations(caller: Caller) -> Select[Any]:
    """Organisations at or below those where the caller's permission holds."""
    top = organisations.alias("top")
    is_below = sa.exists().where(
        top.c.id.in_(caller.subjects),
        top.c.company_id == caller.company_id,
        organisations.c.path.startswith(top.c.path),
    )
    return sa.select(organisations).where(organisations.c.company_id == caller.company_id, is_below)


def find_organisation(reading: Reading, caller: Caller, organisation_id: str) -> Row[Any]:
    """One visible organisation; NotFound otherwise."""
    row = reading.one(visible_organisations(caller).where(organisations.c.id == organisation_id))
    if row is None:
        raise NotFound()
    return row


def organisation_view(row: Row[Any]) -> OrganisationView:
    """A row of the tree as the API shows it."""
    return OrganisationView(
        id=row.id,
        parent_id=row.parent_id,
        path=row.path,
        name=row.name,
        kind=row.kind,
        is_active=row.is_active,
        version=row.version,
    )


def list_organisations(reading: Reading, caller: Caller) -> Items[OrganisationView]:
    """The visible tree, flat, each parent before its children."""
    rows = reading.rows(visible_organisations(caller).order_by(organisations.c.path))
    return Items(items=[organisation_view(row) for row in rows])


def company_view(row: Row[Any]) -> CompanyView:
    """A row as the platform's administrators see it."""
    return CompanyView(
        id=row.id,
        name=row.name,
        time_zone=row.time_zone,
        is_active=row.is_active,
        version=row.version,
        created_at=row.created_at,
    )


def list_companies(reading: Reading, cursor: str | None, limit: int) -> Items[CompanyView]:
    """All companies of the platform, newest first."""
    rows, following = page_by_id(reading, sa.select(companies), companies.c.id, cursor, limit)
    return Items(items=[company_view(row) for row in rows], next=following)


def find_company(reading: Reading, company_id: str) -> Row[Any]:
    """One company; NotFound otherwise."""
    row = reading.one(sa.select(companies).where(companies.c.id == company_id))
    if row is None:
        raise NotFound()
    return row


def own_company(reading: Reading, company_id: str) -> CompanyBrief:
    """A company as its own staff see it."""
    row = find_company(reading, company_id)
    return CompanyBrief(id=row.id, name=row.name, time_zone=row.time_zone)


def has_company(reading: Reading) -> bool:
    """Whether the platform was founded."""
    return reading.one(sa.select(companies.c.id).limit(1)) is not None

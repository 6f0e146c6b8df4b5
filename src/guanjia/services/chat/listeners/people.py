"""The feeds of auth and crm: companies, organisations, staff, customers."""

from __future__ import annotations

from guanjia.contracts.auth import CompanyChanged, OrganisationChanged, StaffChanged
from guanjia.contracts.crm import CustomerChanged
from guanjia.kit.feed import FeedRow, Hears, Plan
from guanjia.kit.service import Context
from guanjia.services.chat.actions import companies, fans


async def on_company_changed(_context: Context, event: CompanyChanged, _row: FeedRow) -> Plan:
    """A company appeared or changed."""
    return lambda tx: companies.change_company(tx, event)


async def on_organisation_changed(_context: Context, event: OrganisationChanged, _row: FeedRow) -> Plan:
    """An organisation appeared, changed or moved."""
    return lambda tx: companies.change_organisation(tx, event)


async def on_staff_changed(_context: Context, event: StaffChanged, _row: FeedRow) -> Plan:
    """A member of staff appeared or changed."""
    return lambda tx: companies.change_staff(tx, event, event.at)


async def on_customer_changed(_context: Context, event: CustomerChanged, row: FeedRow) -> Plan:
    """A customer's name or remark."""
    company_id = row.company_id
    return lambda tx: fans.change_customer(tx, company_id, event)


PEOPLE_HEARS = (
    Hears("auth", CompanyChanged, on_company_changed),
    Hears("auth", OrganisationChanged, on_organisation_changed),
    Hears("auth", StaffChanged, on_staff_changed),
    Hears("crm", CustomerChanged, on_customer_changed),
)

"""Companies, their organisations, and the roles that can be given in them."""

import msgspec
from litestar import Response

from guanjia.contracts.auth import RoleGrant
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.http import Envelope, Items, get, patch, post, reply
from guanjia.kit.service import Context
from guanjia.services.auth.actions.companies import add_company, change_company
from guanjia.services.auth.actions.organisations import add_organisation, change_organisation
from guanjia.services.auth.queries.organisations import list_companies, list_organisations, own_company
from guanjia.services.auth.queries.policies import list_roles
from guanjia.services.auth.routes.newcomers import prepare_staff
from guanjia.services.auth.rules.roles import ADMINISTRATOR
from guanjia.services.auth.schemas import (
    CompanyAdded,
    CompanyBrief,
    CompanyDraft,
    CompanyPatch,
    CompanyView,
    OrganisationDraft,
    OrganisationPatch,
    OrganisationView,
    RoleView,
)


@get("/organisations", permission="auth.organisations.read")
async def index(context: Context, caller: Caller) -> Envelope[Items[OrganisationView]]:
    """The visible tree, flat, parents first."""
    return reply(await context.database.read(list_organisations, caller))


@post("/organisations", permission="auth.organisations.write")
async def create(context: Context, caller: Caller, data: OrganisationDraft) -> Envelope[OrganisationView]:
    """Add an organisation below a visible one; 409 ``organisation_name_taken``."""
    at = clock.real_now()
    return reply(await context.database.write(add_organisation, caller, data, new_id(), at))


@patch("/organisations/{organisation_id:str}", permission="auth.organisations.write")
async def change(
    context: Context, caller: Caller, organisation_id: str, data: OrganisationPatch
) -> Envelope[OrganisationView]:
    """Rename, move or close one; 409 ``stale_version``, ``organisation_cycle``, ``organisation_is_root``,
    ``organisation_in_use``, ``organisation_name_taken``."""
    at = clock.real_now()
    return reply(await context.database.write(change_organisation, caller, organisation_id, data, at))


@get("/roles", permission="auth.roles.read")
async def index_roles(context: Context, caller: Caller) -> Envelope[Items[RoleView]]:
    """The roles in words."""
    held = list(caller.roles)
    return reply(Items(items=await context.database.read(list_roles, held, caller.locale)))


@get("/companies", permission="auth.companies.read")
async def index_companies(context: Context, cursor: str | None = None, limit: int = 50) -> Envelope[Items[CompanyView]]:
    """All companies of the platform, newest first."""
    return reply(await context.database.read(list_companies, cursor, limit))


@post("/companies", permission="auth.companies.write")
async def create_company(context: Context, caller: Caller, data: CompanyDraft) -> Response[Envelope[CompanyAdded]]:
    """Open a company with its first administrator, whose password is told in this answer and never again."""
    company_id = new_id()
    administrator, told = await prepare_staff(
        context,
        login=data.administrator.login,
        name=data.administrator.name,
        organisation_id=company_id,
        grants=[RoleGrant(role=ADMINISTRATOR, organisation_id=company_id)],
        password=data.administrator.password,
    )
    added = await context.database.write(
        add_company, caller, company_id, data.name, data.time_zone, administrator, clock.real_now()
    )
    shown = msgspec.structs.replace(added.administrator, initial_password=told)
    added = CompanyAdded(company=added.company, administrator=shown)
    return Response(reply(added), status_code=201, headers={"cache-control": "no-store"})


@get("/companies/current", permission="self")
async def show_own(context: Context, caller: Caller) -> Envelope[CompanyBrief]:
    """The caller's own company."""
    return reply(await context.database.read(own_company, caller.company_id))


@patch("/companies/{company_id:str}", permission="auth.companies.write")
async def change_one(context: Context, caller: Caller, company_id: str, data: CompanyPatch) -> Envelope[CompanyView]:
    """Rename a company, set its time zone, close it or open it again."""
    at = clock.real_now()
    return reply(await context.database.write(change_company, caller, company_id, data, at))


ROUTES = [create, change, index, index_roles, index_companies, create_company, show_own, change_one]

"""The HTTP API of ``crm``."""

from guanjia.contracts.crm import ResolvedCustomer
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.errors import Invalid
from guanjia.kit.http import Envelope, Items, get, patch, post, put, reply
from guanjia.kit.service import Context
from guanjia.services.crm.actions.customers import add_phone, change_customer, put_tags, reveal_phone
from guanjia.services.crm.actions.identities import NewIdentity
from guanjia.services.crm.actions.resolutions import resolve_identities
from guanjia.services.crm.queries import list_customers, list_tags, show_customer
from guanjia.services.crm.rules.identities import PHONE, plain_value
from guanjia.services.crm.schemas import (
    Customer,
    CustomerPatch,
    PhoneDraft,
    Resolutions,
    RevealDraft,
    RevealedPhone,
    TagCount,
    TagList,
)


@get("/customers", permission="crm.customers.read")
async def index(
    context: Context, caller: Caller, q: str = "", tag: str = "", cursor: str | None = None, limit: int = 50
) -> Envelope[Items[Customer]]:
    """Customers, newest first; ``q`` finds by name, remark, tag, phone number or its last four digits."""
    return reply(await context.database.read(list_customers, caller, context.secrets, q, tag, cursor, limit))


@get("/customers/{customer_id:str}", permission="crm.customers.read")
async def show(context: Context, caller: Caller, customer_id: str) -> Envelope[Customer]:
    """One customer."""
    return reply(await context.database.read(show_customer, caller, customer_id))


@patch("/customers/{customer_id:str}", permission="crm.customers.write")
async def change(context: Context, caller: Caller, customer_id: str, data: CustomerPatch) -> Envelope[Customer]:
    """Change name, remark or note; 409 ``stale_version``."""
    return reply(await context.database.write(change_customer, caller, customer_id, data, clock.now()))


@put("/customers/{customer_id:str}/tags", permission="crm.customers.write")
async def replace_tags(context: Context, caller: Caller, customer_id: str, data: TagList) -> Envelope[Customer]:
    """Replace the tags; 409 ``stale_version``."""
    return reply(await context.database.write(put_tags, caller, customer_id, data, clock.now()))


@post("/customers/{customer_id:str}/phones", permission="crm.customers.write")
async def create_phone(context: Context, caller: Caller, customer_id: str, data: PhoneDraft) -> Envelope[Customer]:
    """Give the customer a phone number; 409 ``phone_taken`` when another customer has it."""
    plain = plain_value(PHONE, data.phone)
    if plain is None:
        raise Invalid(fields={"phone": "phone_malformed"})
    phone = NewIdentity(PHONE, "", plain)
    return reply(await context.database.write(add_phone, caller, context.secrets, customer_id, phone, clock.now()))


@post("/customers/{customer_id:str}/phone-reveals", permission="crm.customers.reveal")
async def create_phone_reveal(
    context: Context, caller: Caller, customer_id: str, data: RevealDraft
) -> Envelope[RevealedPhone]:
    """Show one whole phone number; the audit trail keeps who saw it."""
    return reply(await context.database.write(reveal_phone, caller, context.secrets, customer_id, data.phone_id))


@get("/tags", permission="crm.customers.read")
async def index_tags(context: Context, caller: Caller) -> Envelope[Items[TagCount]]:
    """The tags in use, the most used first."""
    return reply(Items(items=await context.database.read(list_tags, caller)))


@post("/identity-resolutions", callers=("service",))
async def create_resolutions(context: Context, caller: Caller, data: Resolutions) -> Envelope[list[ResolvedCustomer]]:
    """The customers of up to 100 identities, each made when unknown; a repeat makes no second."""
    if not caller.company_id:
        raise Invalid(fields={"company_id": "field_missing"})
    return reply(
        await context.database.write(
            resolve_identities, caller.company_id, context.secrets, data.identities, clock.now()
        )
    )


ROUTES = [
    index,
    show,
    change,
    replace_tags,
    create_phone,
    create_phone_reveal,
    index_tags,
    create_resolutions,
]

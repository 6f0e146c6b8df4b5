"""Accounts, pushes, switches and the clock."""

from guanjia.kit import clock
from guanjia.kit.errors import Invalid
from guanjia.kit.http import Envelope, Items, get, put, reply
from guanjia.kit.service import Context
from guanjia.services.emulator.actions.accounts import change_faults, save_account, save_callback
from guanjia.services.emulator.business_clock import forward, read_clock
from guanjia.services.emulator.demo import Switches, only_in_demo
from guanjia.services.emulator.queries.accounts import get_account, list_accounts, view_account
from guanjia.services.emulator.queries.phones import list_codes, list_pushes
from guanjia.services.emulator.rules.identity import is_appid
from guanjia.services.emulator.rules.signing import Signer
from guanjia.services.emulator.schemas import (
    AccountDraft,
    AccountView,
    CallbackDraft,
    ClockDraft,
    ClockView,
    CodeView,
    Faults,
    FaultsChange,
    PushView,
)
from guanjia.services.emulator.verification import verify_callback

CALLERS = ("public", "service")


@get("/accounts", callers=CALLERS, guards=[only_in_demo])
async def show_accounts(context: Context) -> Envelope[Items[AccountView]]:
    """All accounts, without secrets."""
    return reply(Items(items=await context.database.read(list_accounts)))


@put("/accounts/{appid:str}", callers=CALLERS, guards=[only_in_demo])
async def put_account(context: Context, appid: str, data: AccountDraft) -> Envelope[AccountView]:
    """Make or change an account."""
    if not is_appid(appid):
        raise Invalid(fields={"appid": "invalid"})
    await context.database.write(save_account, appid, data, clock.now())
    row = await context.database.read(get_account, appid)
    return reply(view_account(row))


@put("/accounts/{appid:str}/callback", callers=CALLERS, guards=[only_in_demo])
async def put_callback(context: Context, appid: str, data: CallbackDraft) -> Envelope[AccountView]:
    """The console's server configuration: kept only when the address answers a signed GET with its echostr."""
    account = await context.database.read(get_account, appid)
    signer = Signer(
        appid=appid,
        original_id=account.original_id,
        url=data.url,
        token=data.token,
        aes_key=data.aes_key,
        previous_aes_key=account.aes_key,
        mode=data.mode,
    )
    await verify_callback(context, signer)
    await context.database.write(save_callback, appid, data, clock.now())
    return reply(view_account(await context.database.read(get_account, appid)))


@get("/qrcodes", callers=CALLERS, guards=[only_in_demo])
async def show_codes(context: Context) -> Envelope[Items[CodeView]]:
    """QR codes that accounts made by the API, the newest first."""
    return reply(Items(items=await context.database.read(list_codes, clock.now())))


@get("/pushes", callers=CALLERS, guards=[only_in_demo])
async def show_pushes(
    context: Context, appid: str = "", openid: str = "", cursor: str | None = None, limit: int = 50
) -> Envelope[Items[PushView]]:
    """Pushes and their deliveries, the newest first."""
    items, following = await context.database.read(list_pushes, appid, openid, cursor, limit)
    return reply(Items(items=items, next=following))


@get("/clock", callers=CALLERS, guards=[only_in_demo])
async def show_clock(context: Context) -> Envelope[ClockView]:
    """Business time."""
    return reply(read_clock())


@put("/clock", callers=CALLERS, guards=[only_in_demo])
async def put_clock(context: Context, data: ClockDraft) -> Envelope[ClockView]:
    """Move business time forward."""
    return reply(await forward(context, data))


@get("/faults", callers=CALLERS, guards=[only_in_demo])
async def show_faults(context: Context) -> Envelope[Faults]:
    """The fault switches."""
    return reply(context.part(Switches).faults)


@put("/faults", callers=CALLERS, guards=[only_in_demo])
async def put_faults(context: Context, data: FaultsChange) -> Envelope[Faults]:
    """Move fault switches; those that are not named stay."""
    faults = await context.database.write(change_faults, data)
    context.part(Switches).faults = faults
    return reply(faults)


ROUTES = (
    show_accounts,
    put_account,
    put_callback,
    show_codes,
    show_pushes,
    show_clock,
    put_clock,
    show_faults,
    put_faults,
)

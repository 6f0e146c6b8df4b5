"""Fans and the private names that staff give them (R-WX-01)."""

from typing import Annotated

from litestar.params import Parameter

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.errors import Conflict, NotFound
from guanjia.kit.http import Envelope, Items, get, patch, reply
from guanjia.kit.service import Context
from guanjia.services.wechat import queries
from guanjia.services.wechat.actions import fans as actions
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.schemas import FanChange, FanView

Words = Annotated[str, Parameter(max_length=64)]


@get("/fans", permission="wechat.fans.read")
async def list_fans(
    context: Context,
    caller: Caller,
    account_id: str | None = None,
    q: Words = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Envelope[Items[FanView]]:
    """The fans of the company's accounts, newest first."""
    views, following = await context.database.read(
        queries.fan_views, caller, account_id, q.strip(), cursor, limit, clock.now()
    )
    return reply(Items(items=views, next=following))


@get("/fans/{account_id:str}/{openid:str}", permission="wechat.fans.read", callers=("staff", "service"))
async def show_fan(context: Context, caller: Caller, account_id: str, openid: str) -> Envelope[FanView]:
    """One fan."""
    view = await context.database.read(queries.fan_view, caller, account_id, openid, clock.now())
    return reply(view)


@patch("/fans/{account_id:str}/{openid:str}", permission="wechat.fans.write", callers=("staff", "service"))
async def change_fan(
    context: Context, caller: Caller, account_id: str, openid: str, data: FanChange
) -> Envelope[FanView]:
    """Name a fan, here and with WeChat. Conflict when accounts of this kind have no remarks (R-WX-22)."""
    at = clock.now()
    await context.database.read(queries.fan_view, caller, account_id, openid, at)
    account = context.part(Registry).account(account_id)
    if account is None:
        raise NotFound()
    if not account.may("users"):
        raise Conflict("interface_not_allowed")
    await context.database.write(actions.change_remark, caller, account_id, openid, data.remark.strip(), at)
    return await show_fan.fn(context, caller, account_id, openid)  # type: ignore[no-any-return]  # a handler's own function

"""Official accounts: settings, checks, quotas, permissions (R-WX-13, R-WX-14, R-WX-22, R-WX-23)."""

from typing import Any

import msgspec

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.http import Envelope, Items, get, patch, post, reply
from guanjia.kit.service import Context
from guanjia.kit.words import locale
from guanjia.services.wechat import queries
from guanjia.services.wechat.actions import accounts as actions
from guanjia.services.wechat.checks import check_credentials
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.rules import interfaces
from guanjia.services.wechat.rules.accounts import (
    check_aes_key,
    check_company_wide,
    check_mode,
    check_token,
    is_same_key,
    new_token,
)
from guanjia.services.wechat.schemas import (
    AccountChange,
    AccountDraft,
    AccountView,
    AutomaticText,
    CheckView,
    PermissionView,
    QuotaView,
)
from guanjia.services.wechat.settings import Settings
from guanjia.services.wechat.words import find_words


def _worded(view: AccountView) -> AccountView:
    if view.health.trouble:
        view.health.trouble_message = find_words(view.health.trouble, locale.get())[0]
    return view


@get("/accounts", permission="wechat.accounts.read")
async def list_accounts(
    context: Context, caller: Caller, cursor: str | None = None, limit: int = 50
) -> Envelope[Items[AccountView]]:
    """The company's accounts."""
    views, following = await context.database.read(queries.account_views, caller, cursor, limit, context.base_url)
    return reply(Items(items=[_worded(view) for view in views], next=following))


@post("/accounts", permission="wechat.accounts.write")
async def create_account(context: Context, caller: Caller, data: AccountDraft) -> Envelope[AccountView]:
    """Add an account: the answer holds the address and token for WeChat's console."""
    check_company_wide(caller)
    if data.token:
        check_token(data.token)
    for field in ("aes_key", "previous_aes_key"):
        if getattr(data, field):
            check_aes_key(getattr(data, field), field)
    check_mode(data.mode, bool(data.aes_key))
    account_id = new_id()
    values = _texts(data.greeting, data.default_reply) | {
        name: getattr(data, name)
        for name in ("name", "wechat_id", "original_id", "appid", "kind", "mode", "api_base_url", "is_active")
    }
    values["token"] = data.token or new_token()
    for field in ("secret", "aes_key", "previous_aes_key"):
        text = getattr(data, field)
        values[field] = context.secrets.encrypt(text) if text else ""
    await context.database.write(actions.create_account, caller, account_id, values, clock.now())
    await context.part(Registry).changed()
    return await show_account.fn(context, caller, account_id)  # type: ignore[no-any-return]  # a handler's own function


@get("/accounts/{account_id:str}", permission="wechat.accounts.read")
async def show_account(context: Context, caller: Caller, account_id: str) -> Envelope[AccountView]:
    """One account."""
    view = await context.database.read(queries.account_view, caller, account_id, context.base_url)
    return reply(_worded(view))


@patch("/accounts/{account_id:str}", permission="wechat.accounts.write")
async def change_account_settings(
    context: Context, caller: Caller, account_id: str, data: AccountChange
) -> Envelope[AccountView]:
    """Change what is given; a new key makes the present one the previous."""
    check_company_wide(caller)
    given = {
        name: value for name, value in msgspec.structs.asdict(data).items() if value is not None and name != "version"
    }
    values = _texts(given.pop("greeting", None), given.pop("default_reply", None)) | given
    if "token" in values:
        check_token(values["token"])
    key = values.pop("aes_key", None)
    if key:
        check_aes_key(key)
    if "secret" in values:
        values["secret"] = context.secrets.encrypt(values["secret"]) if values["secret"] else ""
    secrets = context.secrets
    new_key = None if key is None else (secrets.encrypt(key) if key else "")

    def is_present_key(sealed: str) -> bool:
        return bool(sealed and key) and is_same_key(secrets.decrypt(sealed), str(key))

    await context.database.write(
        actions.change_account, caller, account_id, data.version, values, new_key, is_present_key
    )
    await context.part(Registry).changed()
    return await show_account.fn(context, caller, account_id)  # type: ignore[no-any-return]  # a handler's own function


def _texts(greeting: AutomaticText | None, default_reply: AutomaticText | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if greeting is not None:
        values |= {"greeting_text": greeting.text, "is_greeting_on": greeting.is_on}
    if default_reply is not None:
        values |= {"default_text": default_reply.text, "is_default_on": default_reply.is_on}
    return values


@post("/accounts/{account_id:str}/checks", permission="wechat.accounts.write", status_code=200)
async def check_account(context: Context, caller: Caller, account_id: str) -> Envelope[CheckView]:
    """Fetch an access token and WeChat's own addresses, and tell what came of it."""
    await context.database.read(queries.account_row, caller, account_id)
    failure = await check_credentials(context, account_id)
    at = clock.now()
    reason = failure.reason if failure is not None else ""
    await context.database.write(actions.note_check, caller, account_id, reason, at)
    await context.part(Registry).changed()
    message, prompt = find_words(reason or "account_works", locale.get())
    return reply(
        CheckView(
            is_ok=failure is None,
            reason=reason,
            errcode=failure.errcode if failure is not None else 0,
            message=message,
            prompt=prompt,
            checked_at=at,
        )
    )


@get("/accounts/{account_id:str}/quotas", permission="wechat.accounts.read")
async def list_quotas(context: Context, caller: Caller, account_id: str) -> Envelope[Items[QuotaView]]:
    """Calls of today (China time) against their limits."""
    row = await context.database.read(queries.account_row, caller, account_id)
    day = interfaces.quota_day(clock.now())
    used = await context.database.read(queries.quota_uses, row.company_id, row.id, day)
    profile = context.settings(Settings).quota_profile
    return reply(
        Items(
            items=[
                QuotaView(
                    interface=name,
                    title=interface.titles[locale.get()],
                    used=used.get(name, 0),
                    limit=interfaces.limit(name, profile),
                )
                for name, interface in interfaces.interfaces().items()
            ]
        )
    )


@get("/accounts/{account_id:str}/permissions", permission="wechat.accounts.read")
async def list_permissions(context: Context, caller: Caller, account_id: str) -> Envelope[Items[PermissionView]]:
    """Which interfaces an account of this kind may use."""
    row = await context.database.read(queries.account_row, caller, account_id)
    return reply(
        Items(
            items=[
                PermissionView(
                    permission=name,
                    title=permission.titles[locale.get()],
                    is_allowed=row.kind in permission.kinds,
                )
                for name, permission in interfaces.permissions().items()
            ]
        )
    )

"""Keyword replies (R-WX-11), and the providers that services announce (R-WX-20)."""

from guanjia.contracts.wechat import WechatAnnouncement
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.errors import Forbidden
from guanjia.kit.http import Done, Envelope, Items, delete, get, post, put, reply
from guanjia.kit.service import Context
from guanjia.kit.words import locale
from guanjia.services.wechat import queries
from guanjia.services.wechat.actions import replies as actions
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.rules.accounts import check_company_wide
from guanjia.services.wechat.schemas import KeywordReplyDraft, KeywordReplyView, ProviderView


def _view(reply_id: str, draft: KeywordReplyDraft) -> KeywordReplyView:
    return KeywordReplyView(
        id=reply_id,
        account_id=draft.account_id,
        keywords=draft.keywords,
        match=draft.match,
        reply=draft.reply,
        is_on=draft.is_on,
        sort=draft.sort,
    )


@get("/keyword-replies", permission="wechat.replies.read")
async def list_keyword_replies(
    context: Context, caller: Caller, cursor: str | None = None, limit: int = 50
) -> Envelope[Items[KeywordReplyView]]:
    """The company's keyword replies."""
    views, following = await context.database.read(queries.keyword_reply_views, caller, cursor, limit)
    return reply(Items(items=views, next=following))


@post("/keyword-replies", permission="wechat.replies.write")
async def create_keyword_reply(context: Context, caller: Caller, data: KeywordReplyDraft) -> Envelope[KeywordReplyView]:
    """Add a reply to keywords."""
    check_company_wide(caller)
    reply_id = new_id()
    await context.database.write(actions.create_keyword_reply, caller, reply_id, data, clock.now())
    await context.part(Registry).changed()
    return reply(_view(reply_id, data))


@put("/keyword-replies/{reply_id:str}", permission="wechat.replies.write")
async def replace_keyword_reply(
    context: Context, caller: Caller, reply_id: str, data: KeywordReplyDraft
) -> Envelope[KeywordReplyView]:
    """Give a keyword reply another content."""
    check_company_wide(caller)
    await context.database.write(actions.replace_keyword_reply, caller, reply_id, data)
    await context.part(Registry).changed()
    return reply(_view(reply_id, data))


@delete("/keyword-replies/{reply_id:str}", permission="wechat.replies.write")
async def delete_keyword_reply(context: Context, caller: Caller, reply_id: str) -> Envelope[Done]:
    """Take a keyword reply away."""
    check_company_wide(caller)
    await context.database.write(actions.delete_keyword_reply, caller, reply_id)
    await context.part(Registry).changed()
    return reply(Done())


@get("/providers", permission="wechat.accounts.read")
async def list_providers(context: Context, caller: Caller) -> Envelope[Items[ProviderView]]:
    """Announced providers in the order in which they are asked, and how often each failed."""
    failures = await context.database.read(queries.provider_failures)
    views = []
    for offer in context.part(Registry).offers:
        provider = offer.provider
        failed = failures.get((offer.service, provider.name))
        titles = provider.titles
        views.append(
            ProviderView(
                service=offer.service,
                name=provider.name,
                title=titles.get(locale.get()) or titles.get("zh-CN") or provider.name,
                order=provider.order,
                kinds=provider.kinds,
                events=provider.events,
                menu_keys=provider.menu_keys,
                keywords=provider.keywords,
                is_passive=provider.is_passive,
                failures=failed.number if failed is not None else 0,
                last_error=failed.error if failed is not None else "",
                failed_at=failed.failed_at if failed is not None else None,
            )
        )
    return reply(Items(items=views))


@put("/announcements/{service:str}/{digest:str}", callers=("service",))
async def announce(
    context: Context, caller: Caller, service: str, digest: str, data: WechatAnnouncement
) -> Envelope[Done]:
    """A service tells which providers it has; each speaks for itself only."""
    if caller.kind != "service" or caller.id != service:
        raise Forbidden()
    is_new = await context.database.write(actions.keep_announcement, service, digest, data, clock.real_now())
    if is_new:
        await context.part(Registry).changed()
    return reply(Done())

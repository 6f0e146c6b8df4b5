"""Runs the providers that want to see a push: in order, two seconds each, none able to harm the next (A22)."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from guanjia.contracts.wechat import ProviderAnswer, ProviderReply, ProviderRequest
from guanjia.contracts.wechat.callback import parse_body
from guanjia.kit.calls import segment
from guanjia.kit.errors import GuanjiaError
from guanjia.kit.service import Context
from guanjia.services.wechat import queries
from guanjia.services.wechat.registry import Account, Registry
from guanjia.services.wechat.rules.dispatching import Decision, Offer, decide, fan_name
from guanjia.services.wechat.rules.outbound import check_message
from guanjia.services.wechat.rules.pushes import Push, read_push
from guanjia.services.wechat.schemas import DispatchIntent, Verdict
from guanjia.services.wechat.settings import Settings

log = logging.getLogger(__name__)

REPLY_LIMIT = 5


def decide_for(registry: Registry, account: Account, push: Push) -> Decision:
    """Who may answer ``push`` as things stand now."""
    return decide(
        push,
        offers=registry.offers,
        keyword_replies=registry.keyword_replies(account.company_id),
        account_id=account.id,
        greeting=account.greeting,
        default=account.default,
    )


async def ask_stored(context: Context, target: DispatchIntent) -> Verdict:
    """Ask the providers about a stored push."""
    registry = context.part(Registry)
    account = registry.account(target.account_id)
    row, fan = await context.database.read(queries.push_facts, target.company_id, target.push_id)
    if account is None:
        return Verdict()
    push = read_push(parse_body(row.raw.encode()), datetime.now(UTC))
    decision = decide_for(registry, account, push)
    return await ask(
        context,
        account,
        push,
        target.push_id,
        decision,
        nickname=fan.nickname if fan is not None else "",
        remark=fan.remark if fan is not None else "",
    )


async def ask(
    context: Context,
    account: Account,
    push: Push,
    push_id: str,
    decision: Decision,
    *,
    nickname: str = "",
    remark: str = "",
) -> Verdict:
    """The first answer that is no ``pass``; a provider that fails or is slow is logged, counted and skipped."""
    request = ProviderRequest(
        push_id=push_id,
        account_id=account.id,
        openid=push.openid,
        fan_name=fan_name(nickname, push.openid),
        remark=remark,
        kind="" if push.is_event else push.kind,
        content=push.content,
        event=push.event,
        event_key=push.event_key,
    )
    failures: list[tuple[str, str, str]] = []
    answer: ProviderAnswer | None = None
    provider = ""
    for offer in decision.offers:
        answer = await _ask_one(context, account, offer, request, failures)
        if answer is not None and answer.outcome != "pass":
            provider = f"{offer.service}/{offer.provider.name}"
            break
        answer = None
    return Verdict(
        outcome=answer.outcome if answer is not None and answer.outcome != "pass" else "",
        provider=provider,
        group=answer.group if answer is not None else "",
        replies=answer.replies if answer is not None else [],
        own=decision.own,
        template=decision.text,
        content=push.text,
        account_name=account.name,
        failures=failures,
        default_pause_seconds=context.settings(Settings).default_reply_pause_seconds,
    )


async def _ask_one(
    context: Context,
    account: Account,
    offer: Offer,
    request: ProviderRequest,
    failures: list[tuple[str, str, str]],
) -> ProviderAnswer | None:
    name = offer.provider.name
    try:
        answer = await context.calls.request(
            offer.service,
            "POST",
            f"/providers/{segment(name)}",
            body=request,
            returns=ProviderAnswer,
            company_id=account.company_id,
            timeout=context.settings(Settings).provider_seconds,
        )
        _check_replies(answer.replies)
    except Exception as error:
        reason = error.code if isinstance(error, GuanjiaError) else f"{type(error).__name__}: {error}"
        log.warning("provider %s/%s failed for push %s: %s", offer.service, name, request.push_id, reason)
        failures.append((offer.service, name, reason))
        return None
    return answer


def _check_replies(replies: list[ProviderReply]) -> None:
    if len(replies) > REPLY_LIMIT:
        raise ValueError(f"{len(replies)} replies, at most {REPLY_LIMIT} can be sent")
    for reply in replies:
        check_message(reply.kind, reply.content)

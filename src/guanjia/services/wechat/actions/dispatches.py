"""Writes of what came of a push: its outcome, told on the feed, and the replies on their way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.wechat import MessageDispatched, MessageFailed, MessageSent, ProviderReply
from guanjia.kit import clock
from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.outgoing import enqueue
from guanjia.services.wechat.actions.feed import fan_key, tell
from guanjia.services.wechat.models import fans, provider_failures, pushes
from guanjia.services.wechat.queries import fan_row
from guanjia.services.wechat.rules.dispatching import fill, request_values
from guanjia.services.wechat.rules.outbound import passive_fields
from guanjia.services.wechat.schemas import DispatchIntent, MessageIntent, Verdict

Outcome = Literal["handled", "human", "unhandled"]
OPEN = ("pending", "waiting")


@dataclass(frozen=True)
class Conclusion:
    """What came of a push; ``replies`` have their ids."""

    outcome: Outcome
    provider: str = ""
    group: str = ""
    replies: list[ProviderReply] = field(default_factory=list)


def default_is_due(fan: Row[Any] | None, at: datetime, pause: timedelta) -> bool:
    """Whether the fan has got nothing for a while, so that the default reply is no chatter."""
    return fan is None or fan.last_sent_at is None or at - fan.last_sent_at >= pause


def conclude(verdict: Verdict, fan: Row[Any] | None, at: datetime, default_pause: timedelta) -> Conclusion:
    """The providers' answer, else the account's own reply, else nothing.

    A default reply only says that somebody will come, so that the push stays unhandled.
    """
    if verdict.outcome:
        replies = [msgspec.structs.replace(reply, id=new_id()) for reply in verdict.replies]
        return Conclusion(verdict.outcome, verdict.provider, verdict.group, replies)
    is_default = verdict.own == "default"
    if not verdict.own or (is_default and not default_is_due(fan, at, default_pause)):
        return Conclusion("unhandled")
    values = request_values(
        content=verdict.content,
        remark=fan.remark if fan is not None else "",
        nickname=fan.nickname if fan is not None else "",
        account=verdict.account_name,
    )
    text = fill(verdict.template, values)
    reply = ProviderReply(kind="text", content={"content": text}, id=new_id())
    return Conclusion("unhandled" if is_default else "handled", verdict.own, "", [reply])


def tell_dispatched(tx: Transaction, target: DispatchIntent, conclusion: Conclusion, at: datetime) -> None:
    """Publish what came of a push."""
    event = MessageDispatched(
        push_id=target.push_id,
        account_id=target.account_id,
        openid=target.openid,
        outcome=conclusion.outcome,
        provider=conclusion.provider,
        group=conclusion.group,
        replies=conclusion.replies,
        at=at,
    )
    tell(tx, event, target.company_id, target.account_id, target.openid)


def finish_dispatch(
    tx: Transaction, target: DispatchIntent, verdict: Verdict, at: datetime, default_pause: timedelta
) -> None:
    """Record what the providers made of a push and send their replies; a second time changes nothing."""
    conclusion = _finish(tx, target, verdict, at, default_pause)
    if conclusion is None:
        return
    tell_dispatched(tx, target, conclusion, at)
    for reply in conclusion.replies:
        _send(tx, target, conclusion.provider, reply)


def finish_passive(
    tx: Transaction,
    target: DispatchIntent,
    verdict: Verdict,
    seal: Callable[[dict[str, Any]], bytes] | None,
    may_send: bool,
    at: datetime,
    default_pause: timedelta,
) -> bytes | None:
    """Like ``finish_dispatch``, but the first reply is the answer to the push: its body, or None for ``success``.

    Without ``seal`` it is too late: WeChat has its answer, and the replies are listed as failed.
    """
    conclusion = _finish(tx, target, verdict, at, default_pause)
    if conclusion is None:
        reply = tx.scalar(sa.select(pushes.c.reply).where(pushes.c.id == target.push_id))
        return reply.encode() if reply is not None else None
    tell_dispatched(tx, target, conclusion, at)
    if seal is not None:
        return answer_passively(tx, target, conclusion, seal, may_send, at)
    for reply in conclusion.replies:
        _fail(tx, target, reply, "passive_too_late")
    return None


def answer_passively(
    tx: Transaction,
    target: DispatchIntent,
    conclusion: Conclusion,
    seal: Callable[[dict[str, Any]], bytes],
    may_send: bool,
    at: datetime,
) -> bytes | None:
    """Keep the first reply as the answer to the push, so that a repeat gets the same bytes; send or fail the others."""
    body = None
    for number, reply in enumerate(conclusion.replies):
        fields = None if number else passive_fields(reply.kind, reply.content)
        if fields is not None:
            body = seal(fields)
            names = {"message_id": reply.id, "account_id": target.account_id, "openid": target.openid}
            tell(tx, MessageSent(**names, at=at), target.company_id, target.account_id, target.openid)
        elif may_send:
            _send(tx, target, conclusion.provider, reply)
        else:
            _fail(tx, target, reply, "passive_only_one" if number else "passive_not_possible")
    tx.execute(
        pushes.update()
        .where(pushes.c.id == target.push_id)
        .values(
            reply=body.decode() if body is not None else None,
            reply_ids=[reply.id for reply in conclusion.replies] or None,
        )
    )
    if body is not None:
        tx.execute(
            fans.update()
            .where(
                fans.c.company_id == target.company_id,
                fans.c.account_id == target.account_id,
                fans.c.openid == target.openid,
            )
            .values(last_sent_at=at)
        )
    return body


def give_up_dispatch(tx: Transaction, target: DispatchIntent, at: datetime) -> None:
    """Asking the providers failed for good: the push counts as answered by nobody, and a person takes it."""
    conclusion = _finish(tx, target, Verdict(), at, timedelta())
    if conclusion is not None:
        tell_dispatched(tx, target, conclusion, at)


def left_waiting(tx: Transaction, after_id: str, before_id: str) -> list[DispatchIntent]:
    """Pushes between two ids that still wait for a passive reply: their process is gone. At most 100."""
    c = pushes.c
    rows = tx.rows(
        sa.select(c.id, c.company_id, c.account_id, c.openid)
        .where(c.id > after_id, c.id < before_id, c.outcome == "waiting")
        .order_by(c.id)
        .limit(100)
    )
    return [
        DispatchIntent(company_id=row.company_id, account_id=row.account_id, openid=row.openid, push_id=row.id)
        for row in rows
    ]


def _finish(
    tx: Transaction, target: DispatchIntent, verdict: Verdict, at: datetime, default_pause: timedelta
) -> Conclusion | None:
    """Settle the push's row; None when that was done before."""
    lock(tx, "fan", fan_key(target.account_id, target.openid))
    _count_failures(tx, verdict)
    row = tx.one(
        sa.select(pushes.c.outcome).where(pushes.c.id == target.push_id, pushes.c.company_id == target.company_id)
    )
    if row is None or row.outcome not in OPEN:
        return None
    fan = fan_row(tx, target.company_id, target.account_id, target.openid)
    conclusion = conclude(verdict, fan, at, default_pause)
    tx.execute(
        pushes.update()
        .where(pushes.c.id == target.push_id)
        .values(
            outcome=conclusion.outcome,
            provider=conclusion.provider,
            dispatched_at=at,
            reply_ids=[reply.id for reply in conclusion.replies] or None,
        )
    )
    return conclusion


def _send(tx: Transaction, target: DispatchIntent, source: str, reply: ProviderReply) -> None:
    intent = MessageIntent(
        company_id=target.company_id,
        account_id=target.account_id,
        openid=target.openid,
        kind=reply.kind,
        content=reply.content,
        source=source,
        push_id=target.push_id,
    )
    enqueue(tx, "messages", fan_key(target.account_id, target.openid), intent, id=reply.id)


def _fail(tx: Transaction, target: DispatchIntent, reply: ProviderReply, reason: str) -> None:
    event = MessageFailed(message_id=reply.id, account_id=target.account_id, openid=target.openid, reason=reason)
    tell(tx, event, target.company_id, target.account_id, target.openid)
    tx.execute(pushes.update().where(pushes.c.id == target.push_id).values(reply_failure=reason))


def _count_failures(tx: Transaction, verdict: Verdict) -> None:
    for service, name, error in verdict.failures:
        lock(tx, "provider", f"{service}/{name}")
        key = {"service": service, "name": name}
        c = provider_failures.c
        count = tx.scalar(sa.select(c.number).where(c.service == service, c.name == name)) or 0
        values = {"number": int(count) + 1, "error": error[:1000], "failed_at": clock.real_now()}
        tx.upsert(provider_failures, key, values)

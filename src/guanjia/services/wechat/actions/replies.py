"""Writes of keyword replies and of what services announce."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from guanjia.contracts.wechat import WechatAnnouncement
from guanjia.kit.audit import audit
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction
from guanjia.kit.errors import Invalid, NotFound
from guanjia.services.wechat.models import accounts, announcements, keyword_replies
from guanjia.services.wechat.queries import visible_accounts, visible_keyword_replies
from guanjia.services.wechat.schemas import KeywordReplyDraft


def create_keyword_reply(
    tx: Transaction, caller: Caller, reply_id: str, draft: KeywordReplyDraft, at: datetime
) -> None:
    """A new reply to keywords."""
    values = {**_values(tx, caller, draft), "created_at": at}
    tx.execute(keyword_replies.insert().values(id=reply_id, company_id=caller.company_id, **values))
    audit(tx, caller, "wechat.replies.create", "keyword_reply", reply_id, draft.keywords[0])


def replace_keyword_reply(tx: Transaction, caller: Caller, reply_id: str, draft: KeywordReplyDraft) -> None:
    """Another content for a visible reply; else NotFound."""
    _visible(tx, caller, reply_id)
    values = _values(tx, caller, draft)
    tx.execute(keyword_replies.update().where(keyword_replies.c.id == reply_id).values(**values))
    audit(tx, caller, "wechat.replies.change", "keyword_reply", reply_id, draft.keywords[0])


def delete_keyword_reply(tx: Transaction, caller: Caller, reply_id: str) -> None:
    """Take a visible reply away; else NotFound."""
    _visible(tx, caller, reply_id)
    tx.execute(keyword_replies.delete().where(keyword_replies.c.id == reply_id))
    audit(tx, caller, "wechat.replies.delete", "keyword_reply", reply_id)


def _visible(tx: Transaction, caller: Caller, reply_id: str) -> None:
    if tx.one(visible_keyword_replies(caller).where(keyword_replies.c.id == reply_id)) is None:
        raise NotFound()


def _values(tx: Transaction, caller: Caller, draft: KeywordReplyDraft) -> dict[str, Any]:
    keywords = list(dict.fromkeys(word.strip() for word in draft.keywords if word.strip()))
    if not keywords:
        raise Invalid(fields={"keywords": "field_missing"})
    if draft.account_id is not None:
        try:
            row = tx.one(visible_accounts(caller).where(accounts.c.id == draft.account_id))
        except NotFound:
            row = None
        if row is None:
            raise Invalid(fields={"account_id": "account_unknown"})
    return {
        "account_id": draft.account_id,
        "keywords": keywords,
        "match": draft.match,
        "reply": {"kind": draft.reply.kind, "content": draft.reply.content},
        "is_on": draft.is_on,
        "sort": draft.sort,
    }


def keep_announcement(tx: Transaction, service: str, digest: str, content: WechatAnnouncement, at: datetime) -> bool:
    """Keep what a service announces; the one announced last counts. Says whether anything changed."""
    newest = tx.scalar(
        sa.select(announcements.c.digest)
        .where(announcements.c.service == service)
        .order_by(announcements.c.announced_at.desc())
        .limit(1)
    )
    if newest == digest:
        return False
    key = {"service": service, "digest": digest}
    tx.upsert(announcements, key, {"content": content, "announced_at": at})
    return True

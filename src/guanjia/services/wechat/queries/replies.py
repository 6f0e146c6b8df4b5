"""Reads of keyword replies."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading, page_by_id
from guanjia.services.wechat.models import keyword_replies
from guanjia.services.wechat.schemas import KeywordAnswer, KeywordReplyView


def visible_keyword_replies(caller: Caller) -> Select[Any]:
    """Keyword replies belong to a whole company."""
    return sa.select(keyword_replies).where(keyword_replies.c.company_id == caller.company_id)


def keyword_reply_views(
    reading: Reading, caller: Caller, cursor: str | None, limit: int
) -> tuple[list[KeywordReplyView], str | None]:
    """A page of the visible keyword replies, newest first."""
    rows, following = page_by_id(reading, visible_keyword_replies(caller), keyword_replies.c.id, cursor, limit)
    return [
        KeywordReplyView(
            id=row.id,
            account_id=row.account_id,
            keywords=row.keywords,
            match=row.match,
            reply=KeywordAnswer(content=row.reply["content"]),
            is_on=row.is_on,
            sort=row.sort,
        )
        for row in rows
    ], following

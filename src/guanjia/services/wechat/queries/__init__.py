"""Reads of ``wechat``; each starts from what the caller may see."""

from guanjia.services.wechat.queries.accounts import (
    account_row,
    account_view,
    account_views,
    quota_uses,
    registry_rows,
    token_row,
    visible_accounts,
)
from guanjia.services.wechat.queries.fans import fan_row, fan_view, fan_views, visible_fans
from guanjia.services.wechat.queries.pushes import (
    dead_letter_views,
    message_steps,
    provider_failures,
    push_facts,
    push_views,
)
from guanjia.services.wechat.queries.replies import keyword_reply_views, visible_keyword_replies

__all__ = [
    "account_row",
    "account_view",
    "account_views",
    "dead_letter_views",
    "fan_row",
    "fan_view",
    "fan_views",
    "keyword_reply_views",
    "message_steps",
    "provider_failures",
    "push_facts",
    "push_views",
    "quota_uses",
    "registry_rows",
    "token_row",
    "visible_accounts",
    "visible_fans",
    "visible_keyword_replies",
]

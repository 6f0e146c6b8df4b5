"""Upkeep: access rows after a move, customers that crm could not name at once, conversations that only the bot had."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime, timedelta

from guanjia.contracts.crm import CrmClient, IdentityDraft
from guanjia.kit import clock
from guanjia.kit.errors import GuanjiaError
from guanjia.kit.service import Context
from guanjia.services.chat.actions import fans, routing
from guanjia.services.chat.queries import routing as queries
from guanjia.services.chat.rules.conversation import IDLE_BOT_SECONDS

log = logging.getLogger(__name__)


async def rescope_groups(context: Context) -> datetime | None:
    """Write access rows anew for groups whose organisation moved; every 10 seconds, 100 conversations an action."""
    for company_id, group_id in await context.database.read(queries.moved_groups):
        while await context.database.write(routing.rescope_group, company_id, group_id):
            pass
    return None


async def find_customers(context: Context) -> datetime | None:
    """Ask crm again who the fans are whom it could not name; every 30 seconds, 100 at most."""
    by_company = defaultdict(list)
    for fan in await context.database.read(queries.unknown_fans):
        by_company[fan.company_id].append(fan)
    for company_id, unknown in by_company.items():
        drafts = [
            IdentityDraft(kind="wechat", scope=fan.account_id, value=fan.openid, name=fan.name) for fan in unknown
        ]
        try:
            found = await CrmClient(context.calls).resolve(company_id, drafts)
        except GuanjiaError as error:
            log.warning("crm could not name %d fans: %s", len(drafts), error.code)
            continue
        for fan, customer in zip(unknown, found, strict=True):
            await context.database.write(
                fans.learn_customer, company_id, fan.account_id, fan.openid, customer, clock.now()
            )
    return None


async def close_idle_conversations(context: Context) -> datetime | None:
    """End what only the bot had for a day; every 5 minutes."""
    at = clock.now()
    before = at - timedelta(seconds=IDLE_BOT_SECONDS)
    for company_id, conversation_id in await context.database.read(queries.idle_with_bot, before):
        await context.database.write(routing.close_idle, company_id, conversation_id, before, at)
    return None

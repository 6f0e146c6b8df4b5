"""The account of an intent, and what its errors mean to every channel."""

from __future__ import annotations

import logging

from guanjia.kit import clock
from guanjia.kit.outgoing import Failed, Retry
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.accounts import note_trouble
from guanjia.services.wechat.api import ApiFailure, Refused, Unanswered, Unreachable
from guanjia.services.wechat.registry import Account, Registry

log = logging.getLogger(__name__)

TROUBLES = frozenset({"secret_missing"})


def active_account(context: Context, account_id: str) -> Account:
    """The account; Failed when it is gone or switched off."""
    account = context.part(Registry).account(account_id)
    if account is None:
        raise Failed("no such account", "account_unknown")
    if not account.row.is_active:
        raise Failed("the account is switched off", "account_inactive")
    return account


async def note(context: Context, account: Account, failure: ApiFailure) -> None:
    """Tell the operators what only they can mend."""
    is_theirs = isinstance(failure, Refused) and failure.do in ("O", "R")
    if is_theirs or failure.reason in TROUBLES:
        log.error("account %s: %s", account.id, failure)
        await context.database.write(note_trouble, account.id, failure.reason, clock.now())


def as_end(failure: ApiFailure) -> Failed | Retry:
    """How a call that may be repeated goes on: later, or never."""
    is_busy = isinstance(failure, Refused) and failure.do == "B"
    if is_busy or isinstance(failure, (Unreachable, Unanswered)):
        return Retry(1.0, str(failure), failure.reason)
    return Failed(str(failure), failure.reason, {"errcode": failure.errcode})

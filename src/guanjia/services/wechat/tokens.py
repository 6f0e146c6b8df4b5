"""Access tokens: one holder for each account, one refresh at a time, the expiry stored beside the token.

All times here are real: tokens are the machine's affair.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from guanjia.kit import clock
from guanjia.kit.database import new_id
from guanjia.kit.errors import Unavailable
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.accounts import (
    claim_refresh,
    expire_token,
    keep_token,
    release_refresh,
)
from guanjia.services.wechat.registry import Account
from guanjia.services.wechat.settings import Settings

LEASE = timedelta(seconds=20)
LOOK_AGAIN_SECONDS = 0.2

Fetch = Callable[[Account], Awaitable[tuple[str, int]]]


@dataclass(frozen=True)
class Held:
    """A token that may be used until ``refresh_at``; ``sealed`` names it in the database."""

    token: str
    sealed: str
    refresh_at: datetime


class Tokens:
    """The access tokens of all accounts."""

    def __init__(self, context: Context) -> None:
        self._database = context.database
        self._secrets = context.secrets
        self._early = timedelta(seconds=context.settings(Settings).token_early_seconds)
        self._owner = new_id()
        # By account and version: a change of the account, such as a new secret, makes us look again.
        self._held: dict[tuple[str, int], Held] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, account: Account, fetch: Fetch) -> Held:
        """A token that is good for a while yet; the first who needs one fetches it, the others wait for him."""
        key = (account.id, account.row.version)
        held = self._held.get(key)
        if held is not None and clock.real_now() < held.refresh_at:
            return held
        async with self._locks[account.id]:
            held = self._held.get(key)
            if held is not None and clock.real_now() < held.refresh_at:
                return held
            held = await self._claim_or_fetch(account, fetch)
            self._held = {known: one for known, one in self._held.items() if known[0] != account.id}
            self._held[key] = held
            return held

    async def expire(self, account: Account, failed: Held) -> None:
        """Forget ``failed``, unless it has been replaced already."""
        key = (account.id, account.row.version)
        if self._held.get(key) == failed:
            del self._held[key]
        await self._database.write(expire_token, account.company_id, account.id, failed.sealed)

    async def renew(self, account: Account, fetch: Fetch) -> Held:
        """A token fetched just now, to see whether the credentials work."""
        async with self._locks[account.id]:
            held = await self._fetch(account, fetch)
            self._held[(account.id, account.row.version)] = held
            return held

    async def _claim_or_fetch(self, account: Account, fetch: Fetch) -> Held:
        deadline = time.monotonic() + LEASE.total_seconds()
        while time.monotonic() < deadline:
            sealed, refresh_at, is_mine = await self._database.write(
                claim_refresh, account.company_id, account.id, self._owner, LEASE, clock.real_now()
            )
            if sealed:
                return Held(self._secrets.decrypt(sealed), sealed, refresh_at)
            if is_mine:
                return await self._fetch(account, fetch)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)  # another process is at it; its result comes by the row
        raise Unavailable("token_unavailable", retry_after=5)

    async def _fetch(self, account: Account, fetch: Fetch) -> Held:
        try:
            token, seconds = await fetch(account)
        except BaseException:
            await self._database.write(release_refresh, account.company_id, account.id, self._owner)
            raise
        at = clock.real_now()
        life = timedelta(seconds=seconds)
        # A token near its end anyway is used for half of what is left, or each call would fetch anew.
        refresh_at = at + max(life - self._early, life / 2)
        sealed = self._secrets.encrypt(token)
        await self._database.write(keep_token, account.company_id, account.id, sealed, at + life, refresh_at)
        return Held(token, sealed, refresh_at)

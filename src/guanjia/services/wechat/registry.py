"""Accounts, providers and keyword replies in memory, so that a push costs no look-up before its one write.

Read again after each change: at once in the process that made it, on a hint in the others, and each half minute
behind that.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from guanjia.contracts.wechat.callback import Cipher
from guanjia.kit.database import new_id
from guanjia.kit.service import Context
from guanjia.services.wechat import queries
from guanjia.services.wechat.rules import interfaces
from guanjia.services.wechat.rules.dispatching import KeywordReply, Offer
from guanjia.services.wechat.schemas import AccountRow

log = logging.getLogger(__name__)

CHANGED = "wechat-registry"


@dataclass(frozen=True)
class Account:
    """An account as callback, dispatch and sends need it; ``ciphers`` are current then previous."""

    row: AccountRow
    secret: str
    ciphers: tuple[Cipher, ...]

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def company_id(self) -> str:
        return self.row.company_id

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def greeting(self) -> str:
        """The text for a new follower; empty when it is off."""
        return self.row.greeting_text if self.row.is_greeting_on else ""

    @property
    def default(self) -> str:
        """The text when nobody else answers; empty when it is off."""
        return self.row.default_text if self.row.is_default_on else ""

    def may(self, permission: str) -> bool:
        """Whether an account of this kind may use a group of interfaces (R-WX-22)."""
        return interfaces.may(self.row.kind, permission)


class Registry:
    """What is known of accounts and of who answers."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._accounts: dict[str, Account] = {}
        self._keyword_replies: dict[str, list[KeywordReply]] = {}
        self.offers: list[Offer] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Lock()
        self._own = new_id()
        self._end = context.live.subscribe(CHANGED, self._on_hint)

    async def close(self) -> None:
        """Hear no more hints."""
        self._end()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def account(self, account_id: str) -> Account | None:
        """The account with that id, active or not."""
        return self._accounts.get(account_id)

    def keyword_replies(self, company_id: str) -> list[KeywordReply]:
        """The company's keyword replies that are on, in order."""
        return self._keyword_replies.get(company_id, [])

    async def reload(self) -> None:
        """Read everything anew; one after another, so that an older look never takes the place of a newer."""
        async with self._reading:
            rows, replies, offers = await self._context.database.read(queries.registry_rows)
            accounts = {row.id: self._account(row) for row in rows}
            by_company: dict[str, list[KeywordReply]] = {}
            for reply in replies:
                by_company.setdefault(reply.company_id, []).append(reply)
            self._accounts, self._keyword_replies, self.offers = accounts, by_company, offers

    async def changed(self) -> None:
        """Read anew after a change made here, and tell the other processes."""
        await self.reload()
        self._context.live.publish(CHANGED, self._own)

    def _on_hint(self, sender: object) -> None:
        if sender == self._own:
            return
        task = asyncio.get_running_loop().create_task(self._reload_or_log())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload_or_log(self) -> None:
        try:
            await self.reload()
        except Exception:
            log.exception("the registry of wechat could not be read again")

    def _account(self, row: AccountRow) -> Account:
        known = self._accounts.get(row.id)
        if known is not None and known.row == row:
            return known
        secrets = self._context.secrets
        keys = [secrets.decrypt(sealed) for sealed in (row.aes_key, row.previous_aes_key) if sealed]
        return Account(
            row=row,
            secret=secrets.decrypt(row.secret) if row.secret else "",
            ciphers=tuple(Cipher(key, row.appid) for key in keys),
        )

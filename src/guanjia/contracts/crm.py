"""What others may know of ``crm``: customers, their identities, its events, its client."""

from __future__ import annotations

import msgspec

from guanjia.kit.calls import Calls
from guanjia.kit.feed import Event


class IdentityDraft(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody is known in a channel: ``kind`` wechat (``scope`` the account id, ``value`` the openid), unionid,
    phone or visitor. ``name`` is used for a customer made by this."""

    kind: str
    value: str
    scope: str = ""
    name: str = ""


class ResolvedCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """The customer behind an identity, made when there was none."""

    customer_id: str
    name: str
    remark: str
    tags: list[str]
    is_new: bool


class CustomerChanged(Event, frozen=True, kw_only=True):
    """A customer was made or changed; the facts that lists show."""

    id: str
    name: str
    remark: str
    tags: list[str]
    version: int


class CrmClient:
    """Calls to ``crm``."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def resolve(self, company_id: str, identities: list[IdentityDraft]) -> list[ResolvedCustomer]:
        """The customers of ``identities``, in order; each made when unknown (idempotent, at most 100)."""
        return await self._calls.request(
            "crm",
            "POST",
            "/identity-resolutions",
            body={"identities": identities},
            company_id=company_id,
            returns=list[ResolvedCustomer],
        )

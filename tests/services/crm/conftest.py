"""``crm`` at work on each database beside a stand-in for ``wechat`` that only publishes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from guanjia.contracts.wechat import FanChanged
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id, service_metadata
from guanjia.kit.feed import publish
from guanjia.kit.service import Service
from guanjia.services.crm.manifest import SERVICE
from tests.host import Answer, Host, service_caller, staff_caller

WECHAT = Service(id="wechat", titles={"en": "Stand-in"}, metadata=service_metadata("wechat"))


@dataclass
class Company:
    """One company of one test, and a member of its staff."""

    host: Host
    id: str
    staff: Caller

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        return await self.host.request("crm", method, path, caller=self.staff, body=body, query=query)

    async def resolve(self, *identities: dict[str, str]) -> list[dict[str, Any]]:
        """What another service gets for these identities."""
        caller = service_caller("chat", self.id)
        body = {"identities": list(identities)}
        answer = await self.host.request("crm", "POST", "/identity-resolutions", caller=caller, body=body)
        found: list[dict[str, Any]] = answer.attribute
        return found

    async def add_customer(self, name: str = "张伟", **patch: Any) -> dict[str, Any]:
        """A customer known by an openid, with ``patch`` applied."""
        (made,) = await self.resolve({"kind": "wechat", "scope": new_id(), "value": new_id(), "name": name})
        path = f"/customers/{made['customer_id']}"
        if patch:
            return dict((await self.call("PATCH", path, {**patch, "version": 1})).attribute)
        return dict((await self.call("GET", path)).attribute)

    async def fan(self, **facts: Any) -> None:
        """``wechat`` says that a fan changed, and ``crm`` has heard it."""
        fan: dict[str, Any] = {
            "account_id": new_id(),
            "account_name": "安行汽车",
            "openid": new_id(),
            "unionid": "",
            "name": "小芳",
            "remark": "",
            "is_subscribed": True,
            "subscribed_at": clock.now(),
            "subscribe_scene": "ADD_SCENE_SEARCH",
            "qr_scene": "",
            **facts,
        }
        event = FanChanged(**fan)
        key = f"{event.account_id}:{event.openid}"
        await self.host.database("wechat").write(
            lambda tx: publish(tx, event, key=key, company_id=self.id, subjects=[self.id])
        )
        await self.host.settle()


@pytest.fixture(scope="module")
async def host(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    async with Host([SERVICE, WECHAT], database_url, tmp_path_factory.mktemp("crm")) as host:
        yield host
        assert await host.parked() == []


@pytest.fixture
def company(host: Host) -> Company:
    return new_company(host)


def new_company(host: Host) -> Company:
    company_id = new_id()
    return Company(host, company_id, staff_caller(company_id))

"""``auth`` at work on each database, and companies with people in it, made through its own routes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.services.auth.manifest import SERVICE, FirstSignIn
from tests.host import Answer, Host, service_caller, staff_caller

PASSWORD = "correct horse battery"


@dataclass
class Company:
    """One company of one test, and its administrator."""

    host: Host
    id: str
    administrator: dict[str, Any]

    def caller(self, person: dict[str, Any] | None = None) -> Caller:
        """Whoever ``person`` is, as the gateway would make him: his subjects are where he holds roles."""
        person = person or self.administrator
        organisations = {one["organisation_id"] for one in person["grants"]}
        roles = tuple({one["role"] for one in person["grants"]})
        return staff_caller(self.id, *organisations, staff_id=person["id"], name=person["name"], roles=roles)

    async def call(self, method: str, path: str, body: Any = None, by: Any = None, **query: Any) -> Answer:
        """A request by the administrator, or by somebody else."""
        return await self.host.request("auth", method, path, caller=self.caller(by), body=body, query=query)

    async def add_organisation(self, name: str, parent: str = "", kind: str = "department") -> dict[str, Any]:
        body = {"parent_id": parent or self.id, "name": name, "kind": kind}
        answer: dict[str, Any] = (await self.call("POST", "/organisations", body)).attribute
        return answer

    async def add_staff(self, role: str = "agent", at: str = "", **more: Any) -> dict[str, Any]:
        """Somebody with the password ``PASSWORD`` and one role."""
        where = at or self.id
        body = {
            "login": new_login(),
            "name": "李雷",
            "password": PASSWORD,
            "organisation_id": where,
            "grants": [{"role": role, "organisation_id": where}],
            **more,
        }
        answer: dict[str, Any] = (await self.call("POST", "/staff", body)).attribute
        return answer


def new_login() -> str:
    return f"u{new_id()[-20:]}"


@pytest.fixture(scope="module")
async def host(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    async with Host([SERVICE], database_url, tmp_path_factory.mktemp("auth")) as host:
        yield host
        assert await host.parked() == []


@pytest.fixture
async def company(host: Host) -> Company:
    return await new_company(host)


async def founder(host: Host) -> Caller:
    """The platform's administrator."""
    password = host.contexts["auth"].part(FirstSignIn).password
    answer = await sign_in(host, "admin", password)
    me = answer.attribute["staff"]
    return staff_caller(
        me["company"]["id"], staff_id=me["id"], name=me["name"], roles=("administrator", "platform_administrator")
    )


async def new_company(host: Host) -> Company:
    draft = {
        "name": f"公司 {new_id()}",
        "administrator": {"login": new_login(), "name": "韩梅梅", "password": PASSWORD},
    }
    answer = await host.request("auth", "POST", "/companies", caller=await founder(host), body=draft)
    assert answer.status == 201
    return Company(host, answer.attribute["company"]["id"], answer.attribute["administrator"])


async def sign_in(host: Host, login: str, password: str, address: str = "192.0.2.1") -> Answer:
    body = {"login": login, "password": password}
    return await host.request("auth", "POST", "/tokens", body=body, address=address)


async def renew(host: Host, refresh: str, address: str = "192.0.2.1", agent: str = "browser") -> Answer:
    headers = {"cookie": f"guanjia_refresh={refresh}", "user-agent": agent}
    return await host.request("auth", "PUT", "/tokens", headers=headers, address=address)


async def verify(host: Host, access: str) -> Answer:
    digest = hashlib.sha256(access.encode()).hexdigest()
    return await host.request("auth", "GET", f"/verifications/{digest}", caller=service_caller("gateway"))


async def is_living(host: Host, access: str) -> bool:
    return (await verify(host, access)).status == 200

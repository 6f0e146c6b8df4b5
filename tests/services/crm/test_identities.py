"""From identities to customers: create-or-get, fans who come and go, one person behind several accounts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from guanjia.kit.database import new_id
from tests.host import Host, service_caller
from tests.services.crm.conftest import Company, new_company

pytestmark = pytest.mark.anyio


def openid(scope: str = "", value: str = "", name: str = "") -> dict[str, str]:
    return {"kind": "wechat", "scope": scope or new_id(), "value": value or new_id(), "name": name}


async def customers(company: Company) -> list[dict[str, Any]]:
    return (await company.call("GET", "/customers")).items


async def test_the_same_identity_is_the_same_customer(company: Company) -> None:
    draft = openid(name="张伟")
    first, again = await company.resolve(draft, {**draft, "name": "另一个名字"})
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert again["customer_id"] == first["customer_id"]
    (later,) = await company.resolve(draft)
    assert (later["customer_id"], later["is_new"], later["name"]) == (first["customer_id"], False, "张伟")


async def test_openids_of_two_accounts_are_two_identities(company: Company) -> None:
    value = new_id()
    one, other = await company.resolve(openid("a", value), openid("b", value))
    assert one["customer_id"] != other["customer_id"]


async def test_a_company_knows_only_its_own(host: Host, company: Company) -> None:
    draft = openid()
    (mine,) = await company.resolve(draft)
    (theirs,) = await new_company(host).resolve(draft)
    assert theirs["is_new"]
    assert theirs["customer_id"] != mine["customer_id"]


async def test_a_phone_is_compared_in_one_form(company: Company) -> None:
    customer = await company.add_customer()
    await company.call("POST", f"/customers/{customer['id']}/phones", {"phone": "13800138000"})
    (found,) = await company.resolve({"kind": "phone", "value": "+86 138 0013 8000"})
    assert found["customer_id"] == customer["id"]


async def test_side_by_side_no_second_customer_is_made(company: Company) -> None:
    drafts = [openid(name=f"n{number}") for number in range(5)]
    answers = await asyncio.gather(*(company.resolve(*(drafts if turn % 2 else drafts[::-1])) for turn in range(12)))
    by_draft = [answer if turn % 2 else answer[::-1] for turn, answer in enumerate(answers)]
    ids = [[one["customer_id"] for one in answer] for answer in by_draft]
    assert all(one == ids[0] for one in ids)
    assert sum(one["is_new"] for answer in answers for one in answer) == 5
    assert len(await customers(company)) == 5


@pytest.mark.parametrize(
    "draft",
    [
        {"kind": "email", "value": "x"},
        {"kind": "wechat", "value": "x"},
        {"kind": "wechat", "scope": "a", "value": ""},
        {"kind": "wechat", "scope": "a", "value": "x" * 129},
        {"kind": "wechat", "scope": "a" * 65, "value": "x"},
        {"kind": "wechat", "scope": "a", "value": "x\ny"},
        {"kind": "unionid", "scope": "a", "value": "x"},
        {"kind": "phone", "value": "none"},
    ],
)
async def test_what_is_no_identity_is_refused_with_the_whole_batch(company: Company, draft: dict[str, str]) -> None:
    caller = service_caller("chat", company.id)
    body = {"identities": [openid(), draft]}
    answer = await company.host.request("crm", "POST", "/identity-resolutions", caller=caller, body=body)
    assert (answer.status, list(answer.fields)) == (422, ["identities"])
    assert await customers(company) == []


async def test_a_batch_has_at_most_a_hundred(company: Company) -> None:
    assert len(await company.resolve(*(openid() for _ in range(100)))) == 100
    caller = service_caller("chat", company.id)
    body = {"identities": [openid() for _ in range(101)]}
    answer = await company.host.request("crm", "POST", "/identity-resolutions", caller=caller, body=body)
    assert answer.status == 422
    assert await company.resolve() == []


async def test_a_fan_is_a_customer(company: Company) -> None:
    since = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
    facts = {"account_id": new_id(), "openid": new_id(), "unionid": new_id()}
    await company.fan(**facts, name="小芳", remark="常客", subscribed_at=since)
    (customer,) = await customers(company)
    assert (customer["name"], customer["remark"]) == ("小芳", "常客")
    by_kind = {one["kind"]: one for one in customer["identities"]}
    assert set(by_kind) == {"wechat", "unionid"}
    assert by_kind["wechat"]["scope"] == facts["account_id"]
    assert by_kind["wechat"]["scope_name"] == "安行汽车"
    assert by_kind["wechat"]["since"] == "2026-03-02T01:02:03Z"
    (known,) = await company.resolve(openid(facts["account_id"], facts["openid"]))
    assert known["customer_id"] == customer["id"]


async def test_leaving_makes_the_identity_inactive_and_following_again_active(company: Company) -> None:
    facts = {"account_id": new_id(), "openid": new_id()}
    await company.fan(**facts)
    await company.fan(**facts, is_subscribed=False)
    (customer,) = await customers(company)
    assert [one["is_active"] for one in customer["identities"]] == [False]
    again = datetime(2026, 5, 1, tzinfo=UTC)
    await company.fan(**facts, subscribed_at=again)
    (customer,) = await customers(company)
    assert [(one["is_active"], one["since"]) for one in customer["identities"]] == [(True, "2026-05-01T00:00:00Z")]
    assert customer["version"] == 1, "an editor's version stands"


async def test_one_unionid_is_one_customer_when_he_is_made(company: Company) -> None:
    union = new_id()
    await company.fan(unionid=union)
    await company.fan(unionid=union, account_name="安行服务")
    (customer,) = await customers(company)
    assert [one["kind"] for one in customer["identities"]] == ["wechat", "unionid", "wechat"]


async def test_two_customers_who_turn_out_to_be_one_both_stay(company: Company) -> None:
    first, second = openid(), openid()
    one, other = await company.resolve(first, second)
    union = new_id()
    for draft in (first, second):
        await company.fan(account_id=draft["scope"], openid=draft["value"], unionid=union)
    found = {row["id"]: [one["kind"] for one in row["identities"]] for row in await customers(company)}
    assert found == {one["customer_id"]: ["wechat", "unionid"], other["customer_id"]: ["wechat"]}


async def test_the_unionid_of_another_company_joins_nothing(host: Host, company: Company) -> None:
    union = new_id()
    await company.fan(unionid=union)
    stranger = new_company(host)
    await stranger.fan(unionid=union)
    (mine,), (theirs,) = await customers(company), await customers(stranger)
    assert mine["id"] != theirs["id"]


async def test_a_customer_without_a_name_takes_the_fans(company: Company) -> None:
    draft = openid()
    (made,) = await company.resolve(draft)
    await company.fan(account_id=draft["scope"], openid=draft["value"], name="小芳")
    assert [(row["id"], row["name"]) for row in (await company.call("GET", "/customers", q="小芳")).items] == [
        (made["customer_id"], "小芳")
    ]
    await company.fan(account_id=draft["scope"], openid=draft["value"], name="小芳芳")
    (customer,) = await customers(company)
    assert customer["name"] == "小芳", "what staff see does not change under their eyes"


async def test_hearing_a_fan_again_changes_and_tells_nothing(host: Host, company: Company) -> None:
    facts = {"account_id": new_id(), "openid": new_id(), "unionid": new_id(), "subscribed_at": None}
    await company.fan(**{**facts, "subscribed_at": datetime(2026, 3, 2, tzinfo=UTC)})
    before = await customers(company)
    head = await host.head("crm")
    await company.fan(**{**facts, "subscribed_at": datetime(2026, 3, 2, tzinfo=UTC)})
    assert await customers(company) == before
    assert await host.events("crm", after=head) == []

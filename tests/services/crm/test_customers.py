"""Customers: who they are, their tags and phone numbers, and how they are found."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from guanjia.kit.database import Reading, new_id
from guanjia.services.crm.models import customers, identities
from tests.host import Host
from tests.services.crm.conftest import Company, new_company

pytestmark = pytest.mark.anyio


async def test_a_customer_is_shown_with_all_that_is_known(company: Company) -> None:
    (made,) = await company.resolve({"kind": "wechat", "scope": "a1", "value": "oABCDEFGHIJKLMN", "name": "张伟"})
    assert made == {"customer_id": made["customer_id"], "name": "张伟", "remark": "", "tags": [], "is_new": True}
    customer = (await company.call("GET", f"/customers/{made['customer_id']}")).attribute
    assert {**customer, "created_at": 0, "identities": 0} == {
        "id": made["customer_id"],
        "name": "张伟",
        "remark": "",
        "tags": [],
        "phones": [],
        "identities": 0,
        "note": "",
        "created_at": 0,
        "version": 1,
    }
    (identity,) = customer["identities"]
    assert (identity["kind"], identity["scope"], identity["value_masked"]) == ("wechat", "a1", "oABC…KLMN")
    assert identity["is_active"] is True


async def test_a_change_needs_the_present_version(company: Company) -> None:
    customer = await company.add_customer()
    path = f"/customers/{customer['id']}"
    changed = (
        await company.call("PATCH", path, {"remark": " 沪A 车主 ", "note": "喜欢电话联系", "version": 1})
    ).attribute
    assert (changed["remark"], changed["note"], changed["name"], changed["version"]) == (
        "沪A 车主",
        "喜欢电话联系",
        "张伟",
        2,
    )
    for method, where, body in (("PATCH", path, {"remark": "x"}), ("PUT", f"{path}/tags", {"tags": ["x"]})):
        stale = await company.call(method, where, {**body, "version": 1})
        assert (stale.status, stale.error) == (409, "stale_version")
    same = (await company.call("PATCH", path, {"remark": "沪A 车主", "version": 2})).attribute
    assert same["version"] == 2, "nothing changed"


async def test_of_two_who_change_at_once_one_wins(company: Company) -> None:
    customer = await company.add_customer()
    bodies = [{"remark": f"备注{number}", "version": 1} for number in range(8)]
    answers = await asyncio.gather(*(company.call("PATCH", f"/customers/{customer['id']}", body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


async def test_tags_are_replaced_and_counted(company: Company) -> None:
    one, other = await company.add_customer(), await company.add_customer()
    tagged = await company.call(
        "PUT", f"/customers/{one['id']}/tags", {"tags": [" 老客户", "VIP", "老客户"], "version": 1}
    )
    assert (tagged.attribute["tags"], tagged.attribute["version"]) == (["老客户", "VIP"], 2)
    await company.call("PUT", f"/customers/{other['id']}/tags", {"tags": ["VIP"], "version": 1})
    assert (await company.call("GET", "/tags")).items == [{"name": "VIP", "count": 2}, {"name": "老客户", "count": 1}]
    await company.call("PUT", f"/customers/{one['id']}/tags", {"tags": [], "version": 2})
    assert (await company.call("GET", "/tags")).items == [{"name": "VIP", "count": 1}]
    assert [row["id"] for row in (await company.call("GET", "/customers", tag="VIP")).items] == [other["id"]]
    for bad in ([""], ["x" * 21], [f"t{number}" for number in range(31)]):
        refused = await company.call("PUT", f"/customers/{other['id']}/tags", {"tags": bad, "version": 2})
        assert (refused.status, list(refused.fields)) == (422, ["tags"])


async def test_phones_are_masked_sealed_and_revealed_with_a_trace(host: Host, company: Company) -> None:
    customer = await company.add_customer(remark="王女士")
    path = f"/customers/{customer['id']}"
    shown = (await company.call("POST", f"{path}/phones", {"phone": "+86 138-0000 2211"})).attribute
    (phone,) = shown["phones"]
    assert phone["masked"] == "138****2211"
    assert (await company.call("POST", f"{path}/phones", {"phone": "13800002211"})).attribute["phones"] == [phone]
    assert [one["kind"] for one in shown["identities"]] == ["wechat"]

    def everything(reading: Reading) -> str:
        return repr([reading.rows(sa.select(one)) for one in (customers, identities)])

    assert "13800002211" not in await host.database("crm").read(everything)

    before = await host.head("crm")
    revealed = await company.call("POST", f"{path}/phone-reveals", {"phone_id": phone["id"]})
    assert revealed.attribute == {"phone": "13800002211"}
    (trace,) = await host.events("crm", "audited", after=before)
    deed = msgspec.json.decode(trace.data)
    assert (deed["action"], deed["actor_id"], deed["object_id"], deed["object_name"]) == (
        "phone_revealed",
        company.staff.id,
        customer["id"],
        "王女士",
    )
    assert b"13800002211" not in trace.data
    for foreign in (customer["identities"][0]["id"], new_id(), "x"):
        assert (await company.call("POST", f"{path}/phone-reveals", {"phone_id": foreign})).status == 404


async def test_a_phone_belongs_to_one_customer_of_a_company(host: Host, company: Company) -> None:
    one, other = await company.add_customer(), await company.add_customer()
    assert (await company.call("POST", f"/customers/{one['id']}/phones", {"phone": "13900001111"})).status == 201
    taken = await company.call("POST", f"/customers/{other['id']}/phones", {"phone": "13900001111"})
    assert (taken.status, taken.error) == (409, "phone_taken")
    elsewhere = new_company(host)
    theirs = await elsewhere.add_customer()
    answer = await elsewhere.call("POST", f"/customers/{theirs['id']}/phones", {"phone": "13900001111"})
    assert answer.status == 201
    malformed = await company.call("POST", f"/customers/{one['id']}/phones", {"phone": "call me"})
    assert (malformed.status, list(malformed.fields)) == (422, ["phone"])


@pytest.fixture
async def known(company: Company) -> dict[str, str]:
    """Customers to look for: name → id."""
    found = {}
    for name, remark, phone in (
        ("欧阳小明", "浦东老车主", "13811112211"),
        ("Anna Schmidt", "", "13822222211"),
        ("小明同学", "", "021-5555 1234"),
        ("100%_纯", "", ""),
    ):
        customer = await company.add_customer(name, remark=remark, note="x")
        if phone:
            await company.call("POST", f"/customers/{customer['id']}/phones", {"phone": phone})
        found[name] = customer["id"]
    tags = {"tags": ["保修期内"], "version": 3}
    await company.call("PUT", f"/customers/{found['Anna Schmidt']}/tags", tags)
    return found


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("小明", ["小明同学", "欧阳小明"]),
        ("阳小", ["欧阳小明"]),
        ("王", []),
        ("老车主", ["欧阳小明"]),
        ("小明 浦东", ["欧阳小明"]),
        ("anna", ["Anna Schmidt"]),
        ("SCHM", ["Anna Schmidt"]),
        ("保修", ["Anna Schmidt"]),
        ("2211", ["Anna Schmidt", "欧阳小明"]),
        ("138 1111 2211", ["欧阳小明"]),
        ("+8613811112211", ["欧阳小明"]),
        ("02155551234", ["小明同学"]),
        ("1381111", []),
        ("100", ["100%_纯"]),
        ("%", []),
        ("_", []),
        ("'; --", []),
        ("小明\U0001f600", ["小明同学", "欧阳小明"]),
    ],
)
async def test_customers_are_found(company: Company, known: dict[str, str], q: str, names: list[str]) -> None:
    found = (await company.call("GET", "/customers", q=q)).items
    assert [row["name"] for row in found] == names


async def test_a_renamed_customer_is_found_by_his_new_name_only(company: Company) -> None:
    customer = await company.add_customer("赵云")
    await company.call("PATCH", f"/customers/{customer['id']}", {"name": "诸葛亮", "version": 1})
    assert (await company.call("GET", "/customers", q="赵云")).items == []
    assert [row["id"] for row in (await company.call("GET", "/customers", q="葛亮")).items] == [customer["id"]]


async def test_lists_page_by_cursor(company: Company) -> None:
    made = [(await company.add_customer(f"客户{number}"))["id"] for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = await company.call("GET", "/customers", limit=2, cursor=cursor)
        seen += [row["id"] for row in answer.items]
        cursor = answer.attribute["next"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert (await company.call("GET", "/customers", cursor="nonsense")).error == "cursor_invalid"


async def test_another_company_sees_nothing(host: Host, company: Company) -> None:
    customer = await company.add_customer("张伟")
    shown = await company.call("POST", f"/customers/{customer['id']}/phones", {"phone": "13700001111"})
    phone = shown.attribute["phones"][0]["id"]
    stranger = new_company(host)
    path = f"/customers/{customer['id']}"
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"remark": "x", "version": 2}),
        ("PUT", f"{path}/tags", {"tags": [], "version": 2}),
        ("POST", f"{path}/phones", {"phone": "13700001112"}),
        ("POST", f"{path}/phone-reveals", {"phone_id": phone}),
    ]
    for method, where, body in calls:
        answer = await stranger.call(method, where, body)
        assert (answer.status, answer.error) == (404, "not_found"), where
    for q in ("张伟", "13700001111", "1111"):
        assert (await stranger.call("GET", "/customers", q=q)).items == []
    assert (await stranger.call("GET", "/tags")).items == []


async def test_changes_are_published(host: Host, company: Company) -> None:
    before = await host.head("crm")
    customer = await company.add_customer("张伟", remark="车主")
    rows = await host.events("crm", "customer_changed", after=before)
    events = [msgspec.json.decode(row.data) for row in rows]
    assert [(one["id"], one["name"], one["remark"], one["version"]) for one in events] == [
        (customer["id"], "张伟", "", 1),
        (customer["id"], "张伟", "车主", 2),
    ]
    assert {(row.company_id, row.subjects, row.audience) for row in rows} == {(company.id, (company.id,), "staff")}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x" * 61, "version": 1}, "name"),
        ({"version": "one"}, "version"),
        ({"name": "x"}, "version"),
        ({"colour": "red", "version": 1}, "colour"),
    ],
)
async def test_a_wrong_field_is_named(company: Company, body: dict[str, Any], field: str) -> None:
    customer = await company.add_customer()
    answer = await company.call("PATCH", f"/customers/{customer['id']}", body)
    assert (answer.status, list(answer.fields)) == (422, [field])

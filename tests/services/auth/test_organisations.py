"""The organisation tree, and the companies at its top."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from guanjia.kit.database import new_id
from tests.host import Host
from tests.services.auth.conftest import PASSWORD, Company, founder, is_living, new_company, new_login, sign_in

pytestmark = pytest.mark.anyio

NOBODY = "0197f000-0000-7000-8000-000000000000"


async def tree(company: Company, by: Any = None) -> dict[str, str]:
    """Path of each visible organisation by name, with names for ids."""
    rows = (await company.call("GET", "/organisations", by=by)).items
    names = {row["id"]: row["name"] for row in rows} | {company.id: "公司"}
    return {
        names[row["id"]]: "/".join(names.get(part, "?") for part in row["path"].strip("/").split("/")) for row in rows
    }


async def test_a_company_begins_with_its_root(company: Company) -> None:
    (root,) = (await company.call("GET", "/organisations")).items
    assert (root["id"], root["parent_id"], root["path"], root["kind"]) == (
        company.id,
        None,
        f"/{company.id}/",
        "company",
    )


async def test_a_moved_branch_takes_everything_with_it(host: Host, company: Company) -> None:
    east = await company.add_organisation("华东", kind="region")
    west = await company.add_organisation("华西", kind="region")
    shop = await company.add_organisation("店", parent=east["id"], kind="dealer")
    await company.add_organisation("组", parent=shop["id"], kind="group")
    before = await host.head("auth")
    moved = await company.call("PATCH", f"/organisations/{shop['id']}", {"parent_id": west["id"], "version": 1})
    assert (moved.attribute["parent_id"], moved.attribute["version"]) == (west["id"], 2)
    assert await tree(company) == {
        "公司": "公司",
        "华东": "公司/华东",
        "华西": "公司/华西",
        "店": "公司/华西/店",
        "组": "公司/华西/店/组",
    }
    rows = await host.events("auth", "organisation_changed", after=before)
    events = [msgspec.json.decode(row.data) for row in rows]
    assert [(one["name"], one["path"].startswith(west["path"])) for one in events] == [("店", True), ("组", True)]
    assert {(row.company_id, row.subjects) for row in rows} == {(company.id, (company.id,))}


async def test_no_circle_and_no_moving_the_root(company: Company) -> None:
    east = await company.add_organisation("华东")
    shop = await company.add_organisation("店", parent=east["id"])
    for target in (east["id"], shop["id"]):
        answer = await company.call("PATCH", f"/organisations/{east['id']}", {"parent_id": target, "version": 1})
        assert (answer.status, answer.error) == (409, "organisation_cycle")
    root = f"/organisations/{company.id}"
    for change in ({"parent_id": east["id"]}, {"is_active": False}):
        assert (await company.call("PATCH", root, {**change, "version": 1})).error == "organisation_is_root"


async def test_two_moves_at_once_make_no_circle(company: Company) -> None:
    one, other = await company.add_organisation("甲"), await company.add_organisation("乙")
    answers = await asyncio.gather(
        company.call("PATCH", f"/organisations/{one['id']}", {"parent_id": other["id"], "version": 1}),
        company.call("PATCH", f"/organisations/{other['id']}", {"parent_id": one["id"], "version": 1}),
    )
    assert sorted(answer.status for answer in answers) == [200, 409]


async def test_the_tree_has_twelve_levels(company: Company) -> None:
    parent = company.id
    for level in range(2, 13):
        parent = (await company.add_organisation(f"第{level}级", parent=parent))["id"]
    body = {"parent_id": parent, "name": "再下一级", "kind": "group"}
    answer = await company.call("POST", "/organisations", body)
    assert (answer.status, list(answer.fields)) == (422, ["parent_id"])


async def test_siblings_have_different_names(company: Company) -> None:
    east = await company.add_organisation("华东")
    await company.add_organisation("售后", parent=east["id"])
    west = await company.add_organisation("华西")
    service = await company.add_organisation("售后", parent=west["id"])
    again = {"parent_id": company.id, "name": " 华东 ", "kind": "region"}
    assert (await company.call("POST", "/organisations", again)).error == "organisation_name_taken"
    path = f"/organisations/{west['id']}"
    assert (await company.call("PATCH", path, {"name": "华东", "version": 1})).error == "organisation_name_taken"
    moved = await company.call("PATCH", f"/organisations/{service['id']}", {"parent_id": east["id"], "version": 1})
    assert moved.error == "organisation_name_taken"


async def test_only_what_nobody_uses_is_closed(company: Company) -> None:
    east = await company.add_organisation("华东")
    shop = await company.add_organisation("店", parent=east["id"])
    clerk = await company.add_staff("agent", at=shop["id"])
    for used in (east, shop):
        answer = await company.call("PATCH", f"/organisations/{used['id']}", {"is_active": False, "version": 1})
        assert (answer.status, answer.error) == (409, "organisation_in_use")
    await company.call("PATCH", f"/staff/{clerk['id']}", {"is_active": False, "version": 1})
    for unused in (shop, east):
        answer = await company.call("PATCH", f"/organisations/{unused['id']}", {"is_active": False, "version": 1})
        assert answer.attribute["is_active"] is False
    below = {"parent_id": east["id"], "name": "新店", "kind": "dealer"}
    assert list((await company.call("POST", "/organisations", below)).fields) == ["parent_id"]
    under_closed = await company.call("PATCH", f"/organisations/{shop['id']}", {"is_active": True, "version": 2})
    assert under_closed.status == 422
    back = await company.call("PATCH", f"/staff/{clerk['id']}", {"is_active": True, "version": 2})
    assert list(back.fields) == ["organisation_id"]
    elsewhere = {"is_active": True, "organisation_id": company.id, "version": 2}
    back = await company.call("PATCH", f"/staff/{clerk['id']}", elsewhere)
    assert list(back.fields) == ["grants"], "a role at a closed organisation counts no more"


async def test_below_the_company_one_sees_ones_own_branch(company: Company) -> None:
    east = await company.add_organisation("华东")
    await company.add_organisation("店", parent=east["id"])
    west = await company.add_organisation("华西")
    head = await company.add_staff("administrator", at=east["id"])
    assert await tree(company, by=head) == {"华东": "公司/华东", "店": "公司/华东/店"}
    for outside in (west["id"], company.id):
        body = {"parent_id": outside, "name": "x", "kind": "group"}
        assert (await company.call("POST", "/organisations", body, by=head)).status == 422
        patch = {"name": "x", "version": 1}
        assert (await company.call("PATCH", f"/organisations/{outside}", patch, by=head)).status == 404
    up = {"parent_id": west["id"], "version": 1}
    assert (await company.call("PATCH", f"/organisations/{east['id']}", up, by=head)).status == 422


async def test_another_company_sees_nothing(host: Host, company: Company) -> None:
    east = await company.add_organisation("华东")
    stranger = await new_company(host)
    path = f"/organisations/{east['id']}"
    assert (await stranger.call("PATCH", path, {"name": "x", "version": 1})).status == 404
    body = {"parent_id": east["id"], "name": "x", "kind": "group"}
    assert list((await stranger.call("POST", "/organisations", body)).fields) == ["parent_id"]
    assert [row["id"] for row in (await stranger.call("GET", "/organisations")).items] == [stranger.id]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "company"}, "kind"),
        ({"kind": "x"}, "kind"),
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"parent_id": "x"}, "parent_id"),
        ({"parent_id": NOBODY}, "parent_id"),
        ({"parent_id": None}, "parent_id"),
    ],
)
async def test_a_wrong_field_is_named(company: Company, change: dict[str, Any], field: str) -> None:
    body = {"parent_id": company.id, "name": "新", "kind": "group", **change}
    answer = await company.call("POST", "/organisations", body)
    assert (answer.status, list(answer.fields)) == (422, [field])


async def test_a_stale_version_is_refused(company: Company) -> None:
    east = await company.add_organisation("华东")
    path = f"/organisations/{east['id']}"
    assert (await company.call("PATCH", path, {"name": "华东区", "version": 1})).attribute["version"] == 2
    assert (await company.call("PATCH", path, {"name": "东", "version": 1})).error == "stale_version"


async def test_renaming_the_root_renames_the_company(company: Company) -> None:
    name = f"新名 {new_id()}"
    await company.call("PATCH", f"/organisations/{company.id}", {"name": name, "version": 1})
    assert (await company.call("GET", "/companies/current")).attribute == {
        "id": company.id,
        "name": name,
        "time_zone": "Asia/Shanghai",
    }


async def test_a_new_company_has_an_administrator_who_can_begin(host: Host) -> None:
    draft = {
        "name": f"公司 {new_id()}",
        "time_zone": "Asia/Urumqi",
        "administrator": {"login": new_login(), "name": "老板"},
    }
    answer = await host.request("auth", "POST", "/companies", caller=await founder(host), body=draft)
    assert answer.status == 201
    company, administrator = answer.attribute["company"], answer.attribute["administrator"]
    assert (company["name"], company["time_zone"], company["is_active"]) == (draft["name"], "Asia/Urumqi", True)
    signed_in = await sign_in(host, administrator["login"], administrator["initial_password"])
    assert signed_in.attribute["staff"]["company"]["id"] == company["id"]
    same = {**draft, "administrator": {"login": new_login(), "name": "老板"}}
    again = await host.request("auth", "POST", "/companies", caller=await founder(host), body=same)
    assert (again.status, again.error) == (409, "company_name_taken")
    odd = {**same, "name": new_id(), "time_zone": "Mars/Olympus"}
    refused = await host.request("auth", "POST", "/companies", caller=await founder(host), body=odd)
    assert list(refused.fields) == ["time_zone"]


async def test_a_closed_company_is_closed_at_once(host: Host, company: Company) -> None:
    session = await sign_in(host, company.administrator["login"], PASSWORD)
    first = await founder(host)
    path = f"/companies/{company.id}"
    body = {"is_active": False, "version": 1}
    assert (await host.request("auth", "PATCH", path, caller=first, body=body)).status == 200
    assert not await is_living(host, session.attribute["access_token"])
    assert (await sign_in(host, company.administrator["login"], PASSWORD)).error == "credentials_wrong"
    assert (await host.request("auth", "PATCH", path, caller=first, body=body)).error == "stale_version"
    again = {"is_active": True, "version": 2}
    assert (await host.request("auth", "PATCH", path, caller=first, body=again)).status == 200
    assert not await is_living(host, session.attribute["access_token"])
    session = await sign_in(host, company.administrator["login"], PASSWORD)
    assert await is_living(host, session.attribute["access_token"])
    own = f"/companies/{first.company_id}"
    refused = await host.request("auth", "PATCH", own, caller=first, body=body)
    assert refused.error == "company_is_own"


async def test_companies_are_listed(host: Host, company: Company) -> None:
    answer = await host.request("auth", "GET", "/companies", caller=await founder(host), query={"limit": 1})
    assert [row["id"] for row in answer.items] == [company.id]
    assert answer.attribute["next"] is not None

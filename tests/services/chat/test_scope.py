"""Who sees and changes what: every route, from outside the conversation, the department and the company."""

from __future__ import annotations

from typing import Any

import pytest

from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.http import RouteRow, route_rows
from guanjia.services.chat.manifest import SERVICE
from tests.host import staff_caller
from tests.services.chat.conftest import AGENT, SUPERVISOR, Shop

pytestmark = pytest.mark.anyio

ROWS = [row for row in route_rows(SERVICE) if row.pattern != "/events"]
OF_CONVERSATION = [row for row in ROWS if "{conversation_id}" in row.pattern]
BODIES: dict[str, Any] = {
    "messages": {"client_id": "c", "content": {"content": "您好"}},
    "assignments": {"agent_id": new_id()},
    "transfers": {"agent_id": new_id()},
    "consultations": {"agent_id": new_id()},
    "reads": {"number": 1},
    "drafts": {"text": "草稿", "version": 0},
    "viewers": {"is_typing": True},
}


def named(row: RouteRow) -> str:
    return f"{row.method} {row.pattern}"


async def call(shop: Shop, row: RouteRow, by: Caller, values: dict[str, str]) -> int:
    noun = row.pattern.rsplit("/", 1)[1]
    body = None if row.method in ("GET", "DELETE") else BODIES.get(noun, {})
    answer = await shop.call(row.method, row.pattern.format(**values), body, by=by)
    return answer.status


@pytest.mark.parametrize("row", OF_CONVERSATION, ids=named)
async def test_a_conversation_is_not_there_for_who_has_no_part_in_it(shop: Shop, row: RouteRow) -> None:
    _, conversation_id, agent = await shop.serving()
    message_id = (await shop.messages(conversation_id))[0]["id"]
    before = await shop.read(conversation_id)
    elsewhere = await shop.staff("销售", shop.places["sales"], SUPERVISOR)
    other = await shop.stage.company(shop.clock, "外人")
    # The same person, as a forged header of another company would name him.
    forged = staff_caller(other.id, other.id, staff_id=agent.id, name=agent.name)
    values = {"conversation_id": conversation_id, "message_id": message_id, "agent_id": agent.id}
    for outsider in (elsewhere, other.boss, other.agents[0], forged):
        assert await call(shop, row, outsider, values) == 404
    assert await shop.read(conversation_id) == before
    for unknown in (new_id(), "nothing", "%00", "../x".replace("/", "%2F")):
        assert await call(shop, row, shop.boss, {**values, "conversation_id": unknown}) == 404


async def test_lists_hold_only_what_one_may_see(shop: Shop) -> None:
    _, conversation_id, agent = await shop.serving()
    _, waiting = await shop.waiting()
    customer_id = (await shop.read(conversation_id))["customer_id"]
    elsewhere = await shop.staff("销售", shop.places["sales"], AGENT)
    other = await shop.stage.company(shop.clock, "外人")
    for outsider in (elsewhere, other.boss):
        for query in ({"box": "all"}, {"box": "queue"}, {"box": "closed"}, {"box": "all", "agent_id": agent.id},
                      {"box": "all", "customer_id": customer_id}, {"box": "all", "q": "异响"}):  # fmt: skip
            assert (await shop.call("GET", "/conversations", by=outsider, **query)).items == []
        counts = (await shop.call("GET", "/counts", by=outsider)).attribute
        assert set(counts.values()) == {0}
    assert [one["id"] for one in (await shop.call("GET", "/conversations", box="all")).items] == [
        waiting,
        conversation_id,
    ]
    path = f"/message-paths/{(await shop.messages(conversation_id))[0]['id']}"
    assert (await shop.call("GET", path, by=elsewhere)).status == 404
    assert (await shop.call("GET", path, by=other.boss)).status == 404


async def test_a_department_sees_its_own_and_the_company_sees_all(shop: Shop) -> None:
    sales = await shop.group("销售", organisation_id=shop.places["sales"], keywords=["试驾"],
                             members=[{"agent_id": shop.agents[0].id}])  # fmt: skip
    seller = await shop.staff("销售", shop.places["sales"], AGENT)
    servicer = await shop.staff("售后", shop.places["service"], AGENT)
    _, conversation_id = await shop.waiting("想试驾")
    assert (await shop.read(conversation_id, by=seller))["group_id"] == sales["id"]
    assert (await shop.call("GET", "/conversations", by=seller, box="queue")).items[0]["id"] == conversation_id
    assert (await shop.call("GET", f"/conversations/{conversation_id}", by=servicer)).status == 404
    assert (await shop.act(conversation_id, "pickups", by=seller)).status == 200
    below = await shop.organisation("店", f"/{shop.id}/{shop.places['sales']}/{{id}}/", shop.places["sales"])
    clerk = await shop.staff("店员", below, AGENT)
    assert (await shop.call("GET", f"/conversations/{conversation_id}", by=clerk)).status == 404


async def test_a_caller_without_subjects_sees_nothing(shop: Shop) -> None:
    _, conversation_id, _ = await shop.serving()
    nobody = Caller(kind="staff", id=new_id(), company_id=shop.id, subjects=())
    assert (await shop.call("GET", "/conversations", by=nobody, box="all")).items == []
    assert (await shop.call("GET", f"/conversations/{conversation_id}", by=nobody)).status == 404


async def test_groups_and_texts_stay_in_their_company(shop: Shop) -> None:
    other = await shop.stage.company(shop.clock, "外人")
    group = (await shop.call("GET", "/groups")).items[0]
    canned = (await shop.call("GET", "/canned-replies")).items[0]
    assert (await other.call("PUT", f"/groups/{group['id']}", group)).status == 404
    assert (await other.call("DELETE", f"/groups/{group['id']}")).status == 404
    assert (await other.call("PUT", f"/canned-replies/{canned['id']}", canned)).status == 404
    assert (await other.call("DELETE", f"/canned-replies/{canned['id']}")).status == 404
    assert group["id"] not in [one["id"] for one in (await other.call("GET", "/groups")).items]
    agents = [one["id"] for one in (await other.call("GET", "/agents")).items]
    assert not {one.id for one in shop.agents} & set(agents)
    supervision = (await other.call("GET", "/supervision")).attribute
    assert group["id"] not in [one["id"] for one in supervision["groups"]]


async def test_an_administrator_of_a_department_reaches_no_group_outside_it(shop: Shop) -> None:
    admin = await shop.staff("部门管理员", shop.places["sales"], SUPERVISOR)
    group = (await shop.call("GET", "/groups")).items[0]
    assert (await shop.call("PUT", f"/groups/{group['id']}", group, by=admin)).status == 404
    body = {"name": "新组", "organisation_id": shop.id}
    refused = await shop.call("POST", "/groups", body, by=admin)
    assert (refused.status, list(refused.fields)) == (422, ["organisation_id"])
    body["organisation_id"] = shop.places["sales"]
    assert (await shop.call("POST", "/groups", body, by=admin)).status == 201


async def test_what_speaks_for_the_whole_company_is_not_changed_from_a_part_of_it(shop: Shop) -> None:
    admin = await shop.staff("部门管理员", shop.places["sales"], SUPERVISOR)
    before = (await shop.call("GET", "/greetings")).items
    company_reply = {"title": "全公司", "text": "您好", "scope": "company"}
    kept = (await shop.call("POST", "/canned-replies", company_reply)).attribute
    own_group = {"name": "销售", "organisation_id": shop.places["sales"]}
    for method, path, body in (
        ("PUT", "/greetings", {"items": []}),
        ("POST", "/canned-replies", company_reply),
        ("PUT", f"/canned-replies/{kept['id']}", {**kept, "text": "改"}),
        ("PUT", f"/canned-replies/{kept['id']}", {**kept, "scope": "personal"}),
        ("DELETE", f"/canned-replies/{kept['id']}", None),
        ("POST", "/groups", {**own_group, "is_default": True}),
    ):
        refused = await shop.call(method, path, body, by=admin)
        assert (refused.status, refused.error) == (403, "company_wide_only"), (method, path)
    group = (await shop.call("POST", "/groups", own_group, by=admin)).attribute
    refused = await shop.call("PUT", f"/groups/{group['id']}", {**group, "is_default": True}, by=admin)
    assert refused.error == "company_wide_only"
    assert (await shop.call("GET", "/greetings")).items == before


async def test_a_department_writes_the_texts_of_its_own_groups_only(shop: Shop) -> None:
    admin = await shop.staff("部门管理员", shop.places["sales"], SUPERVISOR)
    own = await shop.group("销售", organisation_id=shop.places["sales"])
    other = await shop.group("售后", organisation_id=shop.places["service"])
    body = {"title": "组内", "text": "您好", "scope": "group"}
    refused = await shop.call("POST", "/canned-replies", {**body, "group_id": other["id"]}, by=admin)
    assert (refused.status, list(refused.fields)) == (422, ["group_id"])
    theirs = (await shop.call("POST", "/canned-replies", {**body, "group_id": other["id"]})).attribute
    for method, draft in (("PUT", {**theirs, "group_id": own["id"]}), ("DELETE", None)):
        assert (await shop.call(method, f"/canned-replies/{theirs['id']}", draft, by=admin)).status == 403
    mine = await shop.call("POST", "/canned-replies", {**body, "group_id": own["id"]}, by=admin)
    assert mine.status == 201
    assert (await shop.call("DELETE", f"/canned-replies/{mine.attribute['id']}", by=admin)).status == 200


async def test_every_route_for_staff_names_its_permission() -> None:
    assert all(row.permission for row in ROWS if "staff" in row.callers)
    # Shared canned replies have no route of their own: the action asks for this one beside ``chat.canned.own``.
    inner = {"chat.canned.write"}
    assert {row.permission for row in ROWS} - {"self"} | inner == set(SERVICE.permissions)

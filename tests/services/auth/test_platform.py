"""What services announce, what gateways read, the menus that come of it, and the audit trail."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from guanjia.contracts.auth import AuthAnnouncement, MenuItem, PermissionTitle, Policies
from guanjia.kit.audit import audit
from guanjia.kit.database import service_metadata
from guanjia.kit.http import RouteRow
from guanjia.kit.service import Service
from guanjia.services.auth.manifest import SERVICE
from tests.host import Answer, Host, service_caller, staff_caller
from tests.services.auth.conftest import PASSWORD, Company, new_company, sign_in

pytestmark = pytest.mark.anyio

CHAT = Service(id="chat", titles={"en": "Stand-in"}, metadata=service_metadata("chat"))


@pytest.fixture(scope="module")
async def host(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    async with Host([SERVICE, CHAT], database_url, tmp_path_factory.mktemp("auth")) as host:
        yield host
        assert await host.parked() == []


async def announce(host: Host, content: AuthAnnouncement, service: str = "chat", by: str = "chat") -> Answer:
    digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()
    path = f"/announcements/{service}/{digest}"
    return await host.request("auth", "PUT", path, caller=service_caller(by), body=content)


async def policies(host: Host) -> Policies:
    answer = await host.request("auth", "GET", "/policies", caller=service_caller("gateway"))
    return msgspec.convert(answer.attribute, Policies)


def permission(name: str) -> PermissionTitle:
    return PermissionTitle(name=name, titles={"zh-CN": name, "en": name})


def offer(*names: str, menus: list[MenuItem] | None = None) -> AuthAnnouncement:
    rows = [RouteRow(method="GET", pattern=f"/{name}", callers=("staff",), permission=name) for name in names]
    return AuthAnnouncement(permissions=[permission(name) for name in names], rows=rows, menus=menus or [])


async def test_gateways_read_rows_and_what_roles_give(host: Host) -> None:
    before = await policies(host)
    await announce(host, offer("chat.conversations.read", "chat.canned.own"))
    after = await policies(host)
    assert after.version > before.version
    by_service = {one.service: one.rows for one in after.services}
    assert set(by_service) == {"auth", "chat"}
    assert [row.pattern for row in by_service["chat"]] == ["/chat.conversations.read", "/chat.canned.own"]
    assert RouteRow(method="POST", pattern="/tokens", callers=("public",)) in by_service["auth"]
    assert set(after.roles["agent"]) == {"self", "chat.conversations.read", "chat.canned.own"}
    assert "chat.canned.own" not in after.roles["quality"]
    assert "chat.canned.own" in after.roles["administrator"]
    assert "auth.companies.write" not in after.roles["administrator"]
    assert after.roles["platform_administrator"] == ["auth.companies.read", "auth.companies.write", "self"]


async def test_the_newest_content_counts_and_a_repeat_changes_nothing(host: Host) -> None:
    first, second = offer("chat.one.read"), offer("chat.two.read")
    await announce(host, first)
    await announce(host, second)
    known = await policies(host)
    head = await host.head("auth")
    assert (await announce(host, second)).status == 200
    assert await policies(host) == known
    assert await host.events("auth", "policies_changed", after=head) == []
    await announce(host, first)
    back = await policies(host)
    assert [row.pattern for one in back.services if one.service == "chat" for row in one.rows] == ["/chat.one.read"]
    (changed,) = await host.events("auth", "policies_changed", after=head)
    assert msgspec.json.decode(changed.data)["version"] == back.version


async def test_a_service_announces_only_itself(host: Host) -> None:
    assert (await announce(host, offer("chat.x.read"), by="wechat")).status == 403
    for foreign in (offer("wechat.x.read"), AuthAnnouncement(rows=offer("chat.y.read").rows)):
        assert (await announce(host, foreign)).error == "invalid"
    stolen = MenuItem(code="settings", titles={"en": "x"})
    assert (await announce(host, offer(menus=[stolen]))).error == "menu_code_taken"


async def menus(company: Company, person: dict[str, Any] | None = None, locale: str = "zh-CN") -> list[Any]:
    """The tree as [name, [children]]."""
    caller = msgspec.structs.replace(company.caller(person), locale=locale)
    answer = await company.host.request("auth", "GET", "/menus/current", caller=caller)

    def shape(items: list[Any]) -> list[Any]:
        return [[one["menuname"], shape(one["children"])] if one["children"] else one["menuname"] for one in items]

    return shape(answer.items)


async def test_menus_follow_permissions_and_language(host: Host, company: Company) -> None:
    desk = MenuItem(
        code="workbench",
        titles={"zh-CN": "会话", "en": "Chats"},
        url="/workbench",
        sort=1,
        permission="chat.conversations.read",
    )
    groups = MenuItem(
        code="groups",
        titles={"zh-CN": "客服组", "en": "Groups"},
        url="/settings/groups",
        parent="settings",
        permission="chat.groups.write",
    )
    await announce(host, offer("chat.conversations.read", "chat.groups.write", menus=[desk, groups]))
    assert await menus(company) == ["会话", ["配置", ["客服组", "组织", "人员", "审计"]]]
    assert await menus(company, locale="en") == ["Chats", ["Settings", ["Groups", "Organisations", "Staff", "Audit"]]]
    assert await menus(company, await company.add_staff("agent")) == ["会话"]
    assert await menus(company, await company.add_staff("quality")) == ["会话", ["配置", ["审计"]]]
    await announce(host, offer("chat.conversations.read", menus=[desk]))
    assert await menus(company) == ["会话", ["配置", ["组织", "人员", "审计"]]]


async def test_a_menu_has_the_seventeen_fields(host: Host, company: Company) -> None:
    page = MenuItem(code="story", titles={"zh-CN": "演示", "en": "Story"}, url="/phone/", icon="story", sort=99)
    await announce(host, offer(menus=[page]))
    items = (await company.call("GET", "/menus/current")).items
    settings, story = items
    fields = "id menuname parentid menucode menuurl menuicon urltarget isactive navmenu isleaf viewtype sort remark "
    assert set(story) - {"children"} == set((fields + "creator modified createtime lastupdate").split())
    assert (story["urltarget"], story["isleaf"], story["parentid"], story["creator"]) == ("_blank", True, None, "chat")
    assert (settings["isleaf"], settings["menuurl"]) == (False, "")
    assert {child["parentid"] for child in settings["children"]} == {settings["id"]}
    assert {child["urltarget"] for child in settings["children"]} == {"_self"}


async def test_staff_are_published_again_when_rows_give_them_more(host: Host, company: Company) -> None:
    await announce(host, offer("chat.conversations.read"))
    agent = await company.add_staff("agent")
    await host.run_job("auth", "republish")
    head = await host.head("auth")
    await announce(host, offer("chat.conversations.read", "chat.canned.own"))
    await host.run_job("auth", "republish")
    rows = await host.events("auth", "staff_changed", after=head)
    found = {one["id"]: one["permissions"] for one in (msgspec.json.decode(row.data) for row in rows)}
    assert found[agent["id"]] == ["chat.canned.own", "chat.conversations.read", "self"]
    head = await host.head("auth")
    await announce(host, offer("chat.conversations.read", "chat.canned.own", menus=[]))
    await host.run_job("auth", "republish")
    assert await host.events("auth", "staff_changed", after=head) == [], "nobody's permissions changed"


async def test_roles_are_shown_in_words(host: Host, company: Company) -> None:
    caller = msgspec.structs.replace(company.caller(), locale="en")
    rows = (await host.request("auth", "GET", "/roles", caller=caller)).items
    assert [row["key"] for row in rows] == ["administrator", "supervisor", "agent", "operator", "quality"]
    assert rows[2]["title"] == "Agent"
    assert "self" in rows[2]["permissions"]
    first = staff_caller(company.id, roles=("administrator", "platform_administrator"))
    assert len((await host.request("auth", "GET", "/roles", caller=first)).items) == 6


async def trail(company: Company, by: Any = None, **query: Any) -> list[dict[str, Any]]:
    answer = await company.call("GET", "/audit", by=by, **query)
    rows: list[dict[str, Any]] = answer.items
    return rows


async def test_deeds_here_are_in_the_trail(host: Host, company: Company) -> None:
    east = await company.add_organisation("华东")
    person = await company.add_staff(name="李雷")
    await company.call("PATCH", f"/staff/{person['id']}", {"name": "李磊", "version": 1})
    await company.call("POST", f"/staff/{person['id']}/password-resets")
    await sign_in(host, company.administrator["login"], PASSWORD, "198.51.100.4")
    await sign_in(host, company.administrator["login"], "wrong password", "198.51.100.5")
    rows = await trail(company)
    assert [row["action"] for row in rows] == [
        "sign_in_failed",
        "signed_in",
        "password_reset",
        "staff_changed",
        "staff_added",
        "organisation_added",
        "company_added",
    ]
    failed, signed_in, reset, changed, added, *_ = rows
    assert (failed["address"], failed["actor_id"], failed["object_name"]) == ("198.51.100.5", "", "韩梅梅")
    assert (signed_in["address"], signed_in["actor_id"]) == ("198.51.100.4", company.administrator["id"])
    assert (reset["object_id"], reset["actor_name"]) == (person["id"], "韩梅梅")
    assert changed["detail"] == {"fields": ["name"]}
    assert added["detail"] == {"login": person["login"], "roles": ["agent"]}
    assert [row["object_id"] for row in await trail(company, action="organisation_added")] == [east["id"]]
    assert len(await trail(company, actor=company.administrator["id"])) == 5
    assert len(await trail(company, actor="韩梅")) == 5
    page = await company.call("GET", "/audit", limit=2)
    rest = await company.call("GET", "/audit", limit=20, cursor=page.attribute["next"])
    assert page.items + rest.items == rows


async def test_deeds_of_other_services_are_heard_once(host: Host, company: Company) -> None:
    caller = company.caller()
    await host.database("chat").write(
        lambda tx: audit(tx, caller, "conversation_assigned", "conversation", "c1", "张伟", agent="李雷")
    )
    await host.settle()
    (row,) = await trail(company, action="conversation_assigned")
    assert (row["service"], row["actor_id"], row["object_name"]) == ("chat", caller.id, "张伟")
    assert row["detail"] == {"agent": "李雷"}
    (event,) = [one for one in await host.events("chat", "audited") if one.company_id == company.id]
    assert event.id == row["id"], "the event's id keeps it single"


async def test_a_gateway_reports_denials(host: Host, company: Company) -> None:
    entry = {
        "company_id": company.id,
        "actor_id": company.administrator["id"],
        "actor_name": "韩梅梅",
        "action": "request_denied",
        "object_kind": "route",
        "object_id": "GET /chat/supervision",
    }
    unknown = {**entry, "company_id": ""}
    caller = service_caller("gateway")
    body = {"entries": [entry, unknown]}
    answer = await host.request("auth", "POST", "/audit-entries", caller=caller, body=body)
    assert answer.status == 201
    (row,) = await trail(company, action="request_denied")
    assert (row["service"], row["object_id"]) == ("gateway", "GET /chat/supervision")


async def test_the_trail_is_the_companys_and_the_branchs(host: Host, company: Company) -> None:
    east = await company.add_organisation("华东")
    head = await company.add_staff("administrator", at=east["id"], name="区域管理员")
    await company.call("POST", "/organisations", {"parent_id": east["id"], "name": "店", "kind": "dealer"}, by=head)
    assert [(row["action"], row["actor_name"]) for row in await trail(company, by=head)] == [
        ("organisation_added", "区域管理员")
    ]
    stranger = await new_company(host)
    assert {row["action"] for row in await trail(stranger)} == {"company_added"}


@pytest.mark.parametrize("digest", ["x", "0" * 64])
async def test_an_unknown_token_is_nobody(host: Host, digest: str) -> None:
    answer = await host.request("auth", "GET", f"/verifications/{digest}", caller=service_caller("gateway"))
    assert (answer.status, answer.error) == (401, "not_signed_in")

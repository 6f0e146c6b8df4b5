"""Every route × every role: who is admitted, and that nobody sees what is another's.

Three sets of people call each route with company A's ids: holders of each seeded role at company A itself, at a branch
of it that owns none of these things, and at company B. Admission is compared with ``roles.toml`` and the row; whoever
is admitted and may not see the thing gets 404, and never a word of company A.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from guanjia.kit.http import RouteRow
from tests.journeys.matrix import FILLS, MARK, ROWS, Clerk, World, build, held_by_role, name_of

HELD = held_by_role()
STAFF_ROWS = {name_of(service, row): (service, row) for service, row in ROWS if "staff" in row.callers}
OTHER_ROWS = {name_of(service, row): (service, row) for service, row in ROWS if "staff" not in row.callers}

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Outcome:
    """What came of one call."""

    status: int
    code: str
    body: bytes


Group = dict[tuple[str, str], Outcome]


@dataclass
class Record:
    """All calls: by (role, route), those at company A, at its branch, at company B; and what A must keep to itself."""

    everywhere: Group
    branch: Group
    others: Group
    nobody: dict[str, Outcome]
    streams: dict[tuple[str, str], int]
    planted: dict[str, Outcome]
    texts: dict[tuple[str, str], set[tuple[int, str]]]
    secrets: set[str]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GUANJIA_ADMIN_PASSWORD", "first-Password-9")
        return asyncio.run(_collect(tmp_path_factory.mktemp("matrix")))


async def _collect(folder: Any) -> Record:
    world = await build(folder)
    try:
        return await _call_everything(world)
    finally:
        await world.platform.stop()


async def _call_everything(world: World) -> Record:
    secrets = {*world.ids.values(), MARK}
    groups: list[Group] = []
    for clerks, is_at_home in ((world.everywhere, True), (world.branch, False), (world.others, False)):
        group: Group = {}
        for role, clerk in clerks.items():
            for name, (service, row) in STAFF_ROWS.items():
                if name in FILLS:
                    group[role, name] = await _call(world, role, clerk, service, row, is_at_home)
        groups.append(group)
    stranger = Clerk(world.platform, "nobody")
    nobody = {}
    for name, (service, row) in {**STAFF_ROWS, **OTHER_ROWS}.items():
        path = f"/{service}" + "/".join("x" if part[:1] in ("{", "*") else part for part in row.pattern.split("/"))
        nobody[name] = _outcome(await stranger.call(row.method, path, {} if row.method != "GET" else None, "wait=0"))
    streams = {}
    for role, clerk in world.everywhere.items():
        for service in ("auth", "crm", "wechat", "chat"):
            reply = await clerk.call("GET", "/gateway/events", query=f"services={service}&wait=0")
            streams[role, service] = reply.status
    everywhere, branch, others = groups
    return Record(
        everywhere=everywhere,
        branch=branch,
        others=others,
        nobody=nobody,
        streams=streams,
        planted=await _plant(world),
        texts=await _touch_company_texts(world),
        secrets=secrets,
    )


async def _touch_company_texts(world: World) -> dict[tuple[str, str], set[tuple[int, str]]]:
    """What came of adding and changing a canned reply of the whole company: by (place, role)."""
    found = {}
    path = f"/chat/canned-replies/{world.ids['canned_id']}"
    draft = {"title": "x", "text": "x", "scope": "company"}
    for place, clerks in (("company", world.everywhere), ("branch", world.branch)):
        for role in ("agent", "supervisor", "operator"):
            clerk = clerks[role]
            replies = [await clerk.call("POST", "/chat/canned-replies", draft)]
            replies.append(await clerk.call("PUT", path, {**draft, "version": 999}))
            outcomes = [_outcome(reply) for reply in replies]
            found[place, role] = {(one.status, one.code) for one in outcomes}
    return found


async def _plant(world: World) -> dict[str, Outcome]:
    """Company B's administrator puts A's ids into bodies and queries about what is his own."""
    chief, a, b = world.others["administrator"], world.ids, world.other_ids
    talk = f"/chat/conversations/{b['conversation_id']}"
    own_canned = (await chief.ask("POST", "/chat/canned-replies", {"title": "b", "text": "b"}))["id"]
    version = int(b["organisation_version"])
    climber = {
        "login": "climber",
        "name": "Climber",
        "organisation_id": b["company_id"],
        "password": "clerk-Password-9",
    }
    calls: dict[str, tuple[str, str, Any, str]] = {
        "assign to A's agent": ("POST", f"{talk}/assignments", {"agent_id": a["agent_id"]}, ""),
        "transfer to A's agent": ("POST", f"{talk}/transfers", {"agent_id": a["agent_id"]}, ""),
        "transfer to A's group": ("POST", f"{talk}/transfers", {"group_id": a["group_id"]}, ""),
        "consult A's agent": ("POST", f"{talk}/consultations", {"agent_id": a["agent_id"]}, ""),
        "retry A's message": ("POST", f"{talk}/messages/{a['message_id']}/retries", {}, ""),
        "A's agent in a group": (
            "POST",
            "/chat/groups",
            {"name": "g", "organisation_id": b["company_id"], "members": [{"agent_id": a["agent_id"]}]},
            "",
        ),
        "a group at A's desk": ("POST", "/chat/groups", {"name": "g", "organisation_id": a["organisation_id"]}, ""),
        "a text for A's group": (
            "POST",
            "/chat/canned-replies",
            {"title": "x", "text": "x", "scope": "group", "group_id": a["group_id"]},
            "",
        ),
        "A's canned reply": (
            "PUT",
            f"/chat/canned-replies/{a['canned_id']}",
            {"title": "x", "text": "x", "version": 1},
            "",
        ),
        "A's canned reply away": ("DELETE", f"/chat/canned-replies/{a['canned_id']}", None, ""),
        "A's phone number": (
            "POST",
            f"/crm/customers/{b['customer_id']}/phone-reveals",
            {"phone_id": a["phone_id"]},
            "",
        ),
        "a role at A": (
            "POST",
            "/auth/staff",
            {**climber, "grants": [{"role": "administrator", "organisation_id": a["company_id"]}]},
            "",
        ),
        "a place at A": (
            "PATCH",
            f"/auth/staff/{b['staff_id']}",
            {"organisation_id": a["organisation_id"], "version": 1},
            "",
        ),
        "the platform's role": (
            "POST",
            "/auth/staff",
            {**climber, "grants": [{"role": "platform_administrator", "organisation_id": b["company_id"]}]},
            "",
        ),
        "a branch below A": (
            "PATCH",
            f"/auth/organisations/{b['organisation_id']}",
            {"parent_id": a["organisation_id"], "version": version},
            "",
        ),
        "a keyword of A's account": (
            "POST",
            "/wechat/keyword-replies",
            {
                "account_id": a["account_id"],
                "keywords": ["x"],
                "reply": {"kind": "text", "content": "x"},
            },
            "",
        ),
        "conversations of A's agent": ("GET", "/chat/conversations", None, f"box=all&agent_id={a['agent_id']}"),
        "conversations of A's customer": (
            "GET",
            "/chat/conversations",
            None,
            f"box=all&customer_id={a['customer_id']}",
        ),
        "conversations by word": ("GET", "/chat/conversations", None, f"box=all&q={MARK}"),
        "customers by number": ("GET", "/crm/customers", None, "q=13800138000"),
        "fans of A's account": ("GET", "/wechat/fans", None, f"account_id={a['account_id']}"),
        "pushes of A's account": ("GET", "/wechat/pushes", None, f"account_id={a['account_id']}"),
        "deeds of A's agent": ("GET", "/auth/audit", None, f"actor={a['agent_id']}"),
        "his own text, first": ("DELETE", f"/chat/canned-replies/{own_canned}", None, ""),
    }
    return {name: _outcome(await chief.call(*call)) for name, call in calls.items()}


async def _call(world: World, role: str, clerk: Clerk, service: str, row: RouteRow, is_at_home: bool) -> Outcome:
    fill = FILLS[name_of(service, row)]
    ids = dict(world.ids)
    is_admitted = row.permission in HELD[role]
    if fill.make is not None and is_admitted and (is_at_home or fill.is_own):
        ids |= await fill.make(world, clerk)
    query = fill.query.format(**ids)
    outcome = _outcome(await clerk.call(row.method, fill.path(service, row, ids), fill.content(world), query))
    if row.pattern == "/tokens/current":
        await clerk.sign_in()
    return outcome


def _outcome(reply: Any) -> Outcome:
    code = ""
    if reply.status >= 400 and reply.body[:1] == b"{":
        code = str(msgspec.json.decode(reply.body).get("attribute", {}).get("error", ""))
    return Outcome(reply.status, code, reply.body)


def test_every_route_for_staff_is_known() -> None:
    """A new route needs its line in ``matrix.FILLS``; a line whose route is gone goes too."""
    assert STAFF_ROWS.keys() == FILLS.keys()


def test_roles_are_what_they_are_meant_to_be() -> None:
    """The rule of ``roles.toml``, read here independently of the service, gives what people rely on."""
    assert "auth.companies.write" not in HELD["administrator"]
    assert "auth.staff.write" in HELD["administrator"]
    assert HELD["platform_administrator"] == {"self", "auth.companies.read", "auth.companies.write"}
    assert not {name for name in HELD["quality"] if name.endswith(".write")}
    assert all("self" in held for held in HELD.values())


@pytest.mark.parametrize("name", sorted(STAFF_ROWS))
def test_admitted_as_the_role_says(record: Record, name: str) -> None:
    """At company A: 403 without the row's permission, the thing itself with it."""
    _service, row = STAFF_ROWS[name]
    for role, held in HELD.items():
        outcome = record.everywhere[role, name]
        if row.permission in held:
            assert outcome.status in FILLS[name].statuses, (role, outcome)
        else:
            assert (outcome.status, outcome.code) == (403, "forbidden"), (role, outcome)


@pytest.mark.parametrize("name", sorted(STAFF_ROWS))
def test_branch_sees_only_what_is_its_own(record: Record, name: str) -> None:
    """At a branch: the same admission; what belongs to another part of the company is not there."""
    _service, row = STAFF_ROWS[name]
    fill = FILLS[name]
    expected = fill.in_branch or ((404,) if "{" in row.pattern else fill.statuses)
    for role, held in HELD.items():
        outcome = record.branch[role, name]
        if row.permission in held:
            assert outcome.status in expected, (role, outcome)
        else:
            assert (outcome.status, outcome.code) == (403, "forbidden"), (role, outcome)


@pytest.mark.parametrize("name", sorted(STAFF_ROWS))
def test_another_company_gets_nothing(record: Record, name: str) -> None:
    """At company B: the same admission; A's ids are 404 (in bodies 404 or 422), and no answer holds anything of A."""
    _service, row = STAFF_ROWS[name]
    fill = FILLS[name]
    for (role, called), outcome in record.others.items():
        if called != name:
            continue
        if row.permission not in HELD[role]:
            assert (outcome.status, outcome.code) == (403, "forbidden"), (role, outcome)
        elif "{" in row.pattern + fill.query and not fill.is_own:
            assert outcome.status == 404, (role, outcome)
        elif name in ("auth POST /staff", "auth POST /organisations", "chat POST /groups"):
            assert outcome.status in (404, 422), (role, outcome)
        else:
            assert outcome.status in fill.statuses, (role, outcome)
        found = {secret for secret in record.secrets if secret.encode() in outcome.body}
        assert not found, (role, found, outcome)


@pytest.mark.parametrize("name", sorted(OTHER_ROWS))
def test_rows_that_are_not_for_staff(record: Record, name: str) -> None:
    """Services' own routes admit no one from outside; public ones need no token."""
    _service, row = OTHER_ROWS[name]
    outcome = record.nobody[name]
    if "public" in row.callers:
        assert outcome.code not in ("not_signed_in", "forbidden"), outcome
    else:
        assert (outcome.status, outcome.code) == (401, "not_signed_in"), outcome


@pytest.mark.parametrize("name", sorted(STAFF_ROWS))
def test_nobody_is_admitted_without_a_token(record: Record, name: str) -> None:
    assert (record.nobody[name].status, record.nobody[name].code) == (401, "not_signed_in")


def test_streams_are_read_by_the_same_permissions(record: Record) -> None:
    feeds = {service: row.permission for service, row in ROWS if row.pattern == "/events" and row.method == "GET"}
    for (role, service), status in record.streams.items():
        assert status == (200 if feeds[service] in HELD[role] else 403), (role, service)


def test_ids_of_another_company_in_bodies_and_queries(record: Record) -> None:
    """Nothing of A can be joined to what is B's, and no search finds it."""
    for name, outcome in record.planted.items():
        found = {secret for secret in record.secrets if secret.encode() in outcome.body}
        assert not found, (name, outcome)
        if name == "his own text, first":
            assert outcome.status == 200, outcome
        elif " of " in name or " by " in name:
            if name != "a keyword of A's account":
                assert outcome.status == 200, (name, outcome)
                assert msgspec.json.decode(outcome.body)["attribute"]["items"] == [], (name, outcome)
        elif name == "the platform's role":
            assert outcome.status in (403, 422), (name, outcome)
        else:
            assert outcome.status in (404, 422), (name, outcome)
    assert record.planted["a keyword of A's account"].status in (404, 422), record.planted["a keyword of A's account"]


def test_texts_of_the_whole_company(record: Record) -> None:
    """Shared texts need the permission to manage them, held at the company itself (R-CALL-01)."""
    assert record.texts == {
        ("company", "agent"): {(403, "forbidden")},
        ("company", "supervisor"): {(201, ""), (409, "stale_version")},
        ("company", "operator"): {(201, ""), (409, "stale_version")},
        ("branch", "agent"): {(403, "forbidden")},
        ("branch", "supervisor"): {(403, "company_wide_only")},
        ("branch", "operator"): {(403, "company_wide_only")},
    }

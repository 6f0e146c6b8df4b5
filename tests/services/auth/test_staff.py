"""Staff: added, changed, closed; who may give which role to whom; what ends a session."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from guanjia.kit.database import Reading
from guanjia.services.auth.models import audit, staff
from tests.host import Host
from tests.services.auth.conftest import PASSWORD, Company, is_living, new_company, new_login, renew, sign_in

pytestmark = pytest.mark.anyio

NOBODY = "0197f000-0000-7000-8000-000000000000"


async def test_somebody_without_a_password_is_told_one_once(host: Host, company: Company) -> None:
    body: dict[str, Any] = {
        "login": new_login(),
        "name": "李雷",
        "organisation_id": company.id,
        "phone": "138 0000 2211",
        "grants": [{"role": "agent", "organisation_id": company.id}],
    }
    answer = await company.call("POST", "/staff", body)
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    added = answer.attribute
    assert added["phone"] == "138****2211"
    assert added["must_change_password"] is True
    signed_in = await sign_in(host, body["login"], added["initial_password"])
    assert signed_in.attribute["staff"]["must_change_password"] is True
    shown = (await company.call("GET", f"/staff/{added['id']}")).attribute
    assert "initial_password" not in shown

    def kept(reading: Reading) -> str:
        return repr([reading.rows(sa.select(one)) for one in (staff, audit)])

    everything = await host.database("auth").read(kept)
    assert added["initial_password"] not in everything
    assert "13800002211" not in everything


async def test_a_given_password_is_not_told_back(company: Company) -> None:
    added = await company.add_staff()
    assert (added["initial_password"], added["must_change_password"]) == (None, False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"login": "a b"}, "login"),
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"password": "short"}, "password"),
        ({"phone": "none"}, "phone"),
        ({"organisation_id": "x"}, "organisation_id"),
        ({"organisation_id": NOBODY}, "organisation_id"),
        ({"grants": []}, "grants"),
        ({"grants": [{"role": "king", "organisation_id": ""}]}, "grants"),
        ({"colour": 1}, "colour"),
    ],
)
async def test_a_wrong_field_is_named(company: Company, change: dict[str, Any], field: str) -> None:
    body: dict[str, Any] = {
        "login": new_login(),
        "name": "李雷",
        "organisation_id": company.id,
        "grants": [{"role": "agent", "organisation_id": company.id}],
        **change,
    }
    answer = await company.call("POST", "/staff", body)
    assert (answer.status, list(answer.fields)) == (422, [field])


async def test_a_login_is_one_persons_in_the_whole_platform(host: Host, company: Company) -> None:
    added = await company.add_staff()
    other = await new_company(host)
    body = {
        "login": added["login"].upper(),
        "name": "李雷",
        "organisation_id": other.id,
        "grants": [{"role": "agent", "organisation_id": other.id}],
    }
    answer = await other.call("POST", "/staff", body)
    assert (answer.status, answer.error, list(answer.fields)) == (409, "login_taken", ["login"])


async def test_staff_are_listed_and_found(company: Company) -> None:
    for number in range(3):
        await company.add_staff(name=f"陈晨{number}")
    rows = (await company.call("GET", "/staff")).items
    assert [row["name"] for row in rows] == ["陈晨2", "陈晨1", "陈晨0", "韩梅梅"]
    assert [row["name"] for row in (await company.call("GET", "/staff", q="晨1")).items] == ["陈晨1"]
    by_login = await company.call("GET", "/staff", q=rows[0]["login"].upper())
    assert [row["id"] for row in by_login.items] == [rows[0]["id"]]
    first = await company.call("GET", "/staff", limit=3)
    rest = await company.call("GET", "/staff", limit=3, cursor=first.attribute["next"])
    assert [row["id"] for row in first.items + rest.items] == [row["id"] for row in rows]
    assert rest.attribute["next"] is None


async def test_a_change_needs_the_present_version(company: Company) -> None:
    person = await company.add_staff()
    path = f"/staff/{person['id']}"
    changed = (await company.call("PATCH", path, {"name": "李磊", "version": 1})).attribute
    assert (changed["name"], changed["version"]) == ("李磊", 2)
    stale = await company.call("PATCH", path, {"name": "李蕾", "version": 1})
    assert (stale.status, stale.error) == (409, "stale_version")
    assert (await company.call("PATCH", path, {"name": "李磊", "version": 2})).attribute["version"] == 2


@pytest.mark.parametrize("what", ["disabled", "role taken", "password reset"])
async def test_what_ends_all_sessions_of_a_person(host: Host, company: Company, what: str) -> None:
    person = await company.add_staff("supervisor")
    sessions = [await sign_in(host, person["login"], PASSWORD) for _ in range(2)]
    before = await host.head("auth")
    path = f"/staff/{person['id']}"
    if what == "disabled":
        answer = await company.call("PATCH", path, {"is_active": False, "version": 1})
    elif what == "role taken":
        grants = [{"role": "agent", "organisation_id": company.id}]
        answer = await company.call("PATCH", path, {"grants": grants, "version": 1})
    else:
        answer = await company.call("POST", f"{path}/password-resets")
    assert answer.status < 300
    for session in sessions:
        assert not await is_living(host, session.attribute["access_token"])
        assert (await renew(host, session.cookies["guanjia_refresh"])).status == 401
    (revoked,) = await host.events("auth", "sessions_revoked", after=before)
    event = msgspec.json.decode(revoked.data)
    assert (event["person_id"], event["session_id"]) == (person["id"], "")
    assert revoked.subjects == (person["id"],)
    is_welcome = what == "role taken"
    assert (await sign_in(host, person["login"], PASSWORD)).status == (201 if is_welcome else 401)
    if what == "password reset":
        assert (await sign_in(host, person["login"], answer.attribute["initial_password"])).status == 201


async def test_a_role_given_on_top_ends_nothing(host: Host, company: Company) -> None:
    person = await company.add_staff("agent")
    session = await sign_in(host, person["login"], PASSWORD)
    grants = [{"role": role, "organisation_id": company.id} for role in ("agent", "quality")]
    assert (await company.call("PATCH", f"/staff/{person['id']}", {"grants": grants, "version": 1})).status == 200
    assert await is_living(host, session.attribute["access_token"])


async def test_a_reset_lets_a_throttled_person_in(host: Host, company: Company) -> None:
    person = await company.add_staff()
    for _ in range(6):
        await sign_in(host, person["login"], "guess guess", "203.0.113.9")
    assert (await sign_in(host, person["login"], PASSWORD)).status == 429
    answer = await company.call("POST", f"/staff/{person['id']}/password-resets")
    assert (await sign_in(host, person["login"], answer.attribute["initial_password"])).status == 201


async def test_the_last_administrator_stays(company: Company) -> None:
    path = f"/staff/{company.administrator['id']}"
    agent = [{"role": "agent", "organisation_id": company.id}]
    for change in ({"is_active": False}, {"grants": agent}):
        answer = await company.call("PATCH", path, {**change, "version": 1})
        assert (answer.status, answer.error) == (409, "last_administrator")
    east = await company.add_organisation("华东")
    await company.add_staff("administrator", at=east["id"])
    assert (await company.call("PATCH", path, {"is_active": False, "version": 1})).error == "last_administrator"
    second = await company.add_staff("administrator")
    closed = await company.call("PATCH", f"/staff/{second['id']}", {"is_active": False, "version": 1})
    assert closed.status == 200
    assert (await company.call("PATCH", path, {"is_active": False, "version": 1})).error == "last_administrator"


async def test_of_two_administrators_who_close_each_other_one_stays(company: Company) -> None:
    others = [await company.add_staff("administrator") for _ in range(3)]
    people = [company.administrator, *others]
    answers = await asyncio.gather(
        *(
            company.call("PATCH", f"/staff/{victim['id']}", {"is_active": False, "version": 1}, by=people[index - 1])
            for index, victim in enumerate(people)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 409]
    rows = (await company.call("GET", "/staff")).items
    assert sum(row["is_active"] for row in rows) == 1


@pytest.fixture
async def east(company: Company) -> dict[str, Any]:
    """A region with a department below it, and people in each."""
    region = await company.add_organisation("华东", kind="region")
    shop = await company.add_organisation("浦东店", parent=region["id"], kind="dealer")
    return {
        "region": region,
        "shop": shop,
        "head": await company.add_staff("administrator", at=region["id"], name="区域管理员"),
        "clerk": await company.add_staff("agent", at=shop["id"], name="店员"),
    }


async def test_below_the_company_one_sees_ones_own_branch(company: Company, east: dict[str, Any]) -> None:
    outside = await company.add_staff("agent", name="总部客服")
    seen = (await company.call("GET", "/staff", by=east["head"])).items
    assert {row["name"] for row in seen} == {"区域管理员", "店员"}
    for person in (outside, company.administrator):
        path = f"/staff/{person['id']}"
        assert (await company.call("GET", path, by=east["head"])).status == 404
        assert (await company.call("PATCH", path, {"name": "x", "version": 1}, by=east["head"])).status == 404
        assert (await company.call("POST", f"{path}/password-resets", by=east["head"])).status == 404
    assert (await company.call("GET", f"/staff/{east['clerk']['id']}", by=east["head"])).status == 200


async def test_a_role_is_given_only_where_and_as_far_as_one_holds_it(company: Company, east: dict[str, Any]) -> None:
    def draft(role: str, where: str) -> dict[str, Any]:
        grants = [{"role": role, "organisation_id": where}]
        return {"login": new_login(), "name": "新人", "organisation_id": east["shop"]["id"], "grants": grants}

    head = east["head"]
    assert (await company.call("POST", "/staff", draft("agent", east["shop"]["id"]), by=head)).status == 201
    assert (await company.call("POST", "/staff", draft("administrator", east["region"]["id"]), by=head)).status == 201
    outside = await company.call("POST", "/staff", draft("agent", company.id), by=head)
    assert (outside.status, list(outside.fields)) == (422, ["grants"])
    for by in (head, company.administrator):
        beyond = await company.call("POST", "/staff", draft("platform_administrator", east["shop"]["id"]), by=by)
        assert (beyond.status, beyond.error) == (403, "role_beyond_yours")
    supervisor = await company.add_staff("supervisor", at=east["region"]["id"])
    assert (await company.call("POST", "/staff", draft("agent", east["shop"]["id"]), by=supervisor)).status == 201
    beyond = await company.call("POST", "/staff", draft("administrator", east["shop"]["id"]), by=supervisor)
    assert beyond.error == "role_beyond_yours"
    clerk = east["clerk"]
    for role in ("supervisor", "administrator"):
        grants = [{"role": role, "organisation_id": east["shop"]["id"]}]
        answer = await company.call("PATCH", f"/staff/{clerk['id']}", {"grants": grants, "version": 1}, by=clerk)
        assert answer.error == "role_beyond_yours", "nobody lifts himself"


async def test_nobody_takes_over_who_holds_more(company: Company, east: dict[str, Any]) -> None:
    boss = await company.add_staff(
        "administrator",
        organisation_id=east["shop"]["id"],
        grants=[{"role": "administrator", "organisation_id": company.id}],
    )
    path = f"/staff/{boss['id']}"
    reset = await company.call("POST", f"{path}/password-resets", by=east["head"])
    assert (reset.status, reset.error) == (403, "role_beyond_yours")
    closed = await company.call("PATCH", path, {"is_active": False, "version": 1}, by=east["head"])
    assert closed.error == "role_beyond_yours"


async def test_another_company_sees_nothing(host: Host, company: Company) -> None:
    person = await company.add_staff()
    stranger = await new_company(host)
    path = f"/staff/{person['id']}"
    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x", "version": 1}),
        ("POST", f"{path}/password-resets", None),
    ):
        assert (await stranger.call(method, where, body)).status == 404
    assert person["id"] not in {row["id"] for row in (await stranger.call("GET", "/staff")).items}
    for field in ("organisation_id", "grants"):
        body = {
            "login": new_login(),
            "name": "x",
            "organisation_id": stranger.id,
            "grants": [{"role": "agent", "organisation_id": stranger.id}],
        }
        foreign: Any = company.id if field == "organisation_id" else [{"role": "agent", "organisation_id": company.id}]
        answer = await stranger.call("POST", "/staff", {**body, field: foreign})
        assert (answer.status, list(answer.fields)) == (422, [field])


async def test_changes_are_published_with_permissions(host: Host, company: Company) -> None:
    before = await host.head("auth")
    person = await company.add_staff("quality")
    await company.call("PATCH", f"/staff/{person['id']}", {"is_active": False, "version": 1})
    rows = await host.events("auth", "staff_changed", after=before)
    added, closed = (msgspec.json.decode(row.data) for row in rows)
    assert added["permissions"] == ["auth.audit.read", "self"]
    assert (added["is_active"], closed["is_active"]) == (True, False)
    assert added["grants"] == [{"role": "quality", "organisation_id": company.id}]
    assert {(row.company_id, row.subjects) for row in rows} == {(company.id, (company.id,))}

"""Signing in, renewing, signing out: rotation, reuse, grace, lives and throttling, in frozen real time."""

from __future__ import annotations

import asyncio
from zlib import crc32

import msgspec
import pytest
import sqlalchemy as sa

from guanjia.kit import clock
from guanjia.kit.auth import HEADER, PUBLIC, Caller, sign_caller
from guanjia.kit.calls import Receive, Scope, Send, call_app
from guanjia.kit.database import Reading
from guanjia.services.auth.manifest import SERVICE, FirstSignIn
from guanjia.services.auth.models import audit, sessions, staff, throttles, tokens
from tests.conftest import FrozenClock
from tests.host import Host
from tests.services.auth.conftest import PASSWORD, Company, is_living, new_login, renew, sign_in, verify

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def frozen(frozen_clock: FrozenClock) -> FrozenClock:
    return frozen_clock


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """An address of this test's own, so that its failures are its own."""
    return f"2001:db8::{crc32(request.node.nodeid.encode()) % 65536:x}"


async def test_signing_in_gives_an_access_token_and_a_refresh_cookie(host: Host, company: Company) -> None:
    answer = await sign_in(host, company.administrator["login"].upper(), PASSWORD)
    assert answer.status == 201
    assert answer.attribute["expires_in_seconds"] == 1200
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"]
    for part in ("guanjia_refresh=", "HttpOnly", "Path=/auth/tokens"):
        assert part in cookie
    assert "samesite=strict" in cookie.lower()
    me = answer.attribute["staff"]
    assert me["company"]["id"] == company.id
    assert me["roles"] == [
        {
            "role": "administrator",
            "title": "管理员",
            "organisation_id": company.id,
            "organisation_name": me["company"]["name"],
        }
    ]
    assert "auth.staff.write" in me["permissions"]
    assert "auth.companies.write" not in me["permissions"], "the platform is not a company's"
    session = (await verify(host, answer.attribute["access_token"])).attribute
    assert session["person_id"] == me["id"]
    assert session["grants"] == [{"role": "administrator", "organisation_id": company.id}]


async def test_the_cookie_of_an_encrypted_connection_stays_on_such(host: Host, company: Company) -> None:
    app = host.directory.find("auth")
    assert app is not None
    sent = [(b"content-type", b"application/json"), (HEADER, sign_caller(host.secrets.platform_key, PUBLIC, "auth"))]
    body = msgspec.json.encode({"login": company.administrator["login"], "password": PASSWORD})
    for scheme, is_secure in (("http", False), ("https", True)):

        async def come(scope: Scope, receive: Receive, send: Send, scheme: str = scheme) -> None:
            await app({**scope, "scheme": scheme}, receive, send)

        answer = await call_app(come, "POST", "/tokens", sent, body, "", 10)
        cookie = answer.headers[b"set-cookie"].decode().lower()
        assert ("; secure" in cookie) is is_secure


async def test_only_hashes_are_kept(host: Host, company: Company) -> None:
    answer = await sign_in(host, company.administrator["login"], PASSWORD)
    secrets = (answer.attribute["access_token"], answer.cookies["guanjia_refresh"], PASSWORD)

    def everything(reading: Reading) -> str:
        return repr([reading.rows(sa.select(one)) for one in (tokens, sessions, staff, audit, throttles)])

    kept = await host.database("auth").read(everything)
    assert not [secret for secret in secrets if secret in kept]
    assert all(len(secret) >= 43 for secret in secrets[:2]), "256 bits"


async def test_unknown_login_and_wrong_password_are_told_apart_by_nothing(host: Host, company: Company) -> None:
    wrong = await sign_in(host, company.administrator["login"], "wrong password")
    unknown = await sign_in(host, new_login(), "wrong password")
    assert (wrong.status, wrong.error) == (401, "credentials_wrong")
    assert (unknown.status, unknown.body, unknown.headers) == (wrong.status, wrong.body, wrong.headers)


@pytest.mark.parametrize("is_known", [True, False])
async def test_guessing_waits_longer_and_longer(
    host: Host, company: Company, frozen: FrozenClock, address: str, is_known: bool
) -> None:
    login = company.administrator["login"] if is_known else new_login()
    for _ in range(5):
        assert (await sign_in(host, login, "guess guess", address)).status == 401
    waits = []
    for _ in range(4):
        refused = await sign_in(host, login, PASSWORD, address)
        assert (refused.status, refused.error) == (429, "too_many")
        waits.append(int(refused.headers["retry-after"]))
        frozen.advance(seconds=waits[-1])
        assert (await sign_in(host, login, "guess guess", address)).status == 401
    assert waits == [1, 2, 4, 8]


async def test_the_right_password_ends_the_count(host: Host, company: Company, frozen: FrozenClock) -> None:
    login = company.administrator["login"]
    for _ in range(2):
        for _ in range(4):
            assert (await sign_in(host, login, "guess guess")).status == 401
        assert (await sign_in(host, login, PASSWORD)).status == 201


async def test_an_address_is_held_back_too(host: Host, address: str) -> None:
    statuses = [(await sign_in(host, new_login(), "guess guess", address)).status for _ in range(102)]
    assert statuses == [401] * 100 + [429] * 2
    assert (await sign_in(host, new_login(), "guess guess", "2001:db8:1::1")).status == 401


async def test_attempts_side_by_side_cannot_outrun_the_count(host: Host, company: Company, address: str) -> None:
    login = company.administrator["login"]
    answers = await asyncio.gather(*(sign_in(host, login, "guess guess", address) for _ in range(30)))
    assert sorted(answer.status for answer in answers) == [401] * 5 + [429] * 25


async def test_a_restart_keeps_the_count(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, frozen: FrozenClock
) -> None:
    folder = tmp_path_factory.mktemp("restart")
    url = database_url if database_url == "sqlite" else f"{database_url}_restart"
    async with Host([SERVICE], url, folder, is_kept=True) as first:
        password = first.contexts["auth"].part(FirstSignIn).password
        for _ in range(5):
            assert (await sign_in(first, "admin", "guess guess")).status == 401
    async with Host([SERVICE], url, folder) as second:
        assert second.contexts["auth"].part(FirstSignIn).password == "", "told once, kept nowhere"
        assert (await sign_in(second, "admin", password)).status == 429
        frozen.advance(seconds=1)
        assert (await sign_in(second, "admin", password)).status == 201


async def test_a_refresh_token_is_used_once(host: Host, company: Company, frozen: FrozenClock) -> None:
    first = await sign_in(host, company.administrator["login"], PASSWORD)
    second = await renew(host, first.cookies["guanjia_refresh"])
    assert second.status == 200
    assert second.cookies["guanjia_refresh"] != first.cookies["guanjia_refresh"]
    assert second.attribute["access_token"] != first.attribute["access_token"]
    assert second.attribute["staff"]["id"] == company.administrator["id"]
    assert await is_living(host, second.attribute["access_token"])
    frozen.advance(seconds=11)
    assert (await renew(host, first.cookies["guanjia_refresh"])).error == "session_ended"
    assert not await is_living(host, second.attribute["access_token"]), "reuse ends the family"
    assert (await renew(host, second.cookies["guanjia_refresh"])).error == "session_ended"
    trail = (await company.call("GET", "/audit", action="token_reused")).items
    assert [entry["object_id"] for entry in trail] == [company.administrator["id"]]
    revoked = await host.events("auth", "sessions_revoked")
    assert company.administrator["id"].encode() in revoked[-1].data


async def test_a_lost_answer_is_given_again_for_ten_seconds(host: Host, company: Company, frozen: FrozenClock) -> None:
    first = await sign_in(host, company.administrator["login"], PASSWORD)
    await renew(host, first.cookies["guanjia_refresh"])
    frozen.advance(seconds=10)
    again = await renew(host, first.cookies["guanjia_refresh"])
    assert again.status == 200
    assert (await renew(host, again.cookies["guanjia_refresh"])).status == 200


async def test_the_grace_is_for_the_same_client_only(host: Host, company: Company) -> None:
    for client in ({"address": "198.51.100.7"}, {"agent": "another"}):
        first = await sign_in(host, company.administrator["login"], PASSWORD)
        second = await renew(host, first.cookies["guanjia_refresh"])
        assert (await renew(host, first.cookies["guanjia_refresh"], **client)).status == 401
        assert (await renew(host, second.cookies["guanjia_refresh"])).status == 401


async def test_the_grace_ends_when_the_successor_is_used(host: Host, company: Company) -> None:
    first = await sign_in(host, company.administrator["login"], PASSWORD)
    second = await renew(host, first.cookies["guanjia_refresh"])
    third = await renew(host, second.cookies["guanjia_refresh"])
    assert (await renew(host, first.cookies["guanjia_refresh"])).status == 401
    assert not await is_living(host, third.attribute["access_token"])


async def test_a_second_pair_does_not_live_beside_the_first(host: Host, company: Company, frozen: FrozenClock) -> None:
    first = await sign_in(host, company.administrator["login"], PASSWORD)
    one = await renew(host, first.cookies["guanjia_refresh"])
    other = await renew(host, first.cookies["guanjia_refresh"])
    assert (await renew(host, one.cookies["guanjia_refresh"])).status == 200
    frozen.advance(minutes=15)
    assert (await renew(host, other.cookies["guanjia_refresh"])).status == 401


async def test_two_tabs_that_renew_at_once_both_stay(host: Host, company: Company) -> None:
    first = await sign_in(host, company.administrator["login"], PASSWORD)
    answers = await asyncio.gather(*(renew(host, first.cookies["guanjia_refresh"]) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4


async def test_an_access_token_lives_twenty_minutes(host: Host, company: Company, frozen: FrozenClock) -> None:
    access = (await sign_in(host, company.administrator["login"], PASSWORD)).attribute["access_token"]
    frozen.advance(minutes=20, microseconds=-1)
    assert await is_living(host, access)
    frozen.advance(microseconds=1)
    assert not await is_living(host, access)


async def test_an_idle_session_ends_after_three_days(host: Host, company: Company, frozen: FrozenClock) -> None:
    refresh = (await sign_in(host, company.administrator["login"], PASSWORD)).cookies["guanjia_refresh"]
    frozen.advance(days=3, seconds=-1)
    renewed = await renew(host, refresh)
    assert renewed.status == 200
    frozen.advance(days=3)
    assert (await renew(host, renewed.cookies["guanjia_refresh"])).error == "session_ended"


async def test_a_family_ends_after_fourteen_days_however_busy(
    host: Host, company: Company, frozen: FrozenClock
) -> None:
    answer = await sign_in(host, company.administrator["login"], PASSWORD)
    for _ in range(6):
        frozen.advance(days=2)
        answer = await renew(host, answer.cookies["guanjia_refresh"])
        assert answer.status == 200
    frozen.advance(days=2, minutes=-10)
    answer = await renew(host, answer.cookies["guanjia_refresh"])
    assert await is_living(host, answer.attribute["access_token"])
    frozen.advance(minutes=10)
    assert not await is_living(host, answer.attribute["access_token"])
    assert (await renew(host, answer.cookies["guanjia_refresh"])).status == 401


async def test_lives_are_in_real_time(host: Host, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    access = (await sign_in(host, company.administrator["login"], PASSWORD)).attribute["access_token"]
    monkeypatch.setattr(clock, "now", lambda: FrozenClock().at.replace(year=2030))
    assert await is_living(host, access)


async def test_signing_out_ends_the_session_and_no_other(host: Host, company: Company) -> None:
    kept = await sign_in(host, company.administrator["login"], PASSWORD)
    ended = await sign_in(host, company.administrator["login"], PASSWORD)
    session = (await verify(host, ended.attribute["access_token"])).attribute
    caller = _with_session(company.caller(), session["id"])
    for _ in range(2):
        answer = await host.request("auth", "DELETE", "/tokens/current", caller=caller)
        assert (answer.status, answer.attribute) == (200, {})
        assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not await is_living(host, ended.attribute["access_token"])
    assert (await renew(host, ended.cookies["guanjia_refresh"])).status == 401
    assert await is_living(host, kept.attribute["access_token"])


def _with_session(caller: Caller, session_id: str) -> Caller:
    return Caller(
        kind="staff",
        id=caller.id,
        company_id=caller.company_id,
        name=caller.name,
        subjects=caller.subjects,
        session_id=session_id,
    )


async def test_changing_ones_password_ends_the_other_sessions(host: Host, company: Company) -> None:
    login = company.administrator["login"]
    here = await sign_in(host, login, PASSWORD)
    elsewhere = await sign_in(host, login, PASSWORD)
    session = (await verify(host, here.attribute["access_token"])).attribute
    caller = _with_session(company.caller(), session["id"])
    path = "/staff/current/passwords"

    wrong = {"old_password": "not the old one", "new_password": "another good one"}
    refused = await host.request("auth", "PUT", path, caller=caller, body=wrong)
    assert (refused.status, list(refused.fields)) == (422, ["old_password"])
    for bad in ("short", "x" * 129, login.upper()):
        body = {"old_password": PASSWORD, "new_password": bad}
        refused = await host.request("auth", "PUT", path, caller=caller, body=body)
        assert (refused.status, list(refused.fields)) == (422, ["new_password"])

    body = {"old_password": PASSWORD, "new_password": "another good one"}
    assert (await host.request("auth", "PUT", path, caller=caller, body=body)).status == 200
    assert await is_living(host, here.attribute["access_token"])
    assert not await is_living(host, elsewhere.attribute["access_token"])
    assert (await sign_in(host, login, PASSWORD)).status == 401
    assert (await sign_in(host, login, "another good one")).status == 201


@pytest.mark.parametrize("refresh", ["", "x", "用", "a" * 5000])
async def test_a_cookie_that_is_no_token_is_refused(host: Host, refresh: str) -> None:
    headers = {"cookie": f"guanjia_refresh={refresh}".encode().decode("latin-1")}
    answer = await host.request("auth", "PUT", "/tokens", headers=headers)
    assert (answer.status, answer.error) == (401, "session_ended")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "body",
    [{}, {"login": "a"}, {"login": 1, "password": "x"}, {"login": "a", "password": "x", "more": 1}, [], "x", None,
     {"login": "x" * 300, "password": "y"}, {"login": "a", "password": "x" * 5000}],
)  # fmt: skip
async def test_a_body_that_fits_no_sign_in_is_refused(host: Host, body: object) -> None:
    answer = await host.request("auth", "POST", "/tokens", body=body)
    assert answer.status in (400, 422)


async def test_what_is_over_is_forgotten(host: Host, company: Company, frozen: FrozenClock) -> None:
    answer = await sign_in(host, company.administrator["login"], PASSWORD)
    await sign_in(host, company.administrator["login"], "guess guess")

    def counts(reading: Reading) -> list[int]:
        everything = (sessions, tokens, throttles)
        return [int(reading.scalar(sa.select(sa.func.count()).select_from(one))) for one in everything]

    await host.run_job("auth", "forget")
    assert await is_living(host, answer.attribute["access_token"])
    frozen.advance(days=20)
    await host.run_job("auth", "forget")
    assert await host.database("auth").read(counts) == [0, 0, 0]

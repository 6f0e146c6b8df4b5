"""Tokens of both families, quotas, permissions, and the ground rules that stock clients depend on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from guanjia.kit import clock
from tests.conftest import FrozenClock
from tests.services.emulator.bench import Bench

pytestmark = pytest.mark.anyio

RID = re.compile(r".+ rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}\Z")


async def stable(bench: Bench, account: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"], **more}
    return await bench.api("POST", "/cgi-bin/stable_token", body, token="")


async def plain(bench: Bench, account: dict[str, Any]) -> str:
    query = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"]}
    answer = await bench.api("GET", "/cgi-bin/token", query=query, token="")
    assert answer == {"access_token": answer["access_token"], "expires_in": 7200}
    return str(answer["access_token"])


async def state(bench: Bench, token: str) -> int:
    answer = await bench.api("GET", "/cgi-bin/getcallbackip", token=token)
    return int(answer.get("errcode", 0))


async def test_the_token_before_lives_five_minutes_longer(bench: Bench, frozen_clock: FrozenClock) -> None:
    account = await bench.add_account()
    first, second = await plain(bench, account), await plain(bench, account)
    assert first != second
    assert [await state(bench, token) for token in (first, second)] == [0, 0]
    frozen_clock.advance(seconds=299)
    assert await state(bench, first) == 0
    frozen_clock.advance(seconds=1)
    assert [await state(bench, token) for token in (first, second)] == [40001, 0]
    frozen_clock.advance(seconds=6900)
    assert await state(bench, second) == 42001


async def test_the_stable_token_is_the_same_until_its_last_minutes(bench: Bench, frozen_clock: FrozenClock) -> None:
    account = await bench.add_account()
    first = await stable(bench, account)
    assert first["expires_in"] == 7200
    await plain(bench, account)
    frozen_clock.advance(seconds=6800)
    again = await stable(bench, account)
    assert again == {"access_token": first["access_token"], "expires_in": 400}
    frozen_clock.advance(seconds=150)
    renewed = await stable(bench, account)
    assert renewed["access_token"] != first["access_token"]
    assert await state(bench, first["access_token"]) == 0
    frozen_clock.advance(seconds=251)
    assert await state(bench, first["access_token"]) == 42001
    assert await state(bench, renewed["access_token"]) == 0


async def test_a_forced_stable_token_replaces_at_once(bench: Bench, frozen_clock: FrozenClock) -> None:
    account = await bench.add_account()
    first = (await stable(bench, account))["access_token"]
    assert (await stable(bench, account, force_refresh=True))["errcode"] == 45011
    frozen_clock.advance(seconds=30)
    second = (await stable(bench, account, force_refresh=True))["access_token"]
    assert [await state(bench, token) for token in (first, second)] == [40001, 0]
    for _ in range(19):
        frozen_clock.advance(seconds=30)
        assert "access_token" in await stable(bench, account, force_refresh=True)
    frozen_clock.advance(seconds=30)
    assert (await stable(bench, account, force_refresh=True))["errcode"] == 45009


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"appid": "x" * 500}, 40013),
        ({"secret": ""}, 41004),
        ({"secret": "wrong"}, 40125),
        ({"secret": "密"}, 40125),
    ],
)
async def test_wrong_credentials_are_told_apart(bench: Bench, changes: dict[str, str], errcode: int) -> None:
    account = await bench.add_account()
    query = {"grant_type": "client_credential", "appid": account["appid"], "secret": account["secret"], **changes}
    for answer in (
        await bench.api("GET", "/cgi-bin/token", query=query, token=""),
        await bench.api("POST", "/cgi-bin/stable_token", query, token=""),
    ):
        assert answer["errcode"] == errcode
        assert RID.match(answer["errmsg"])


@pytest.mark.parametrize(
    ("method", "path", "token", "errcode"),
    [
        ("GET", "/cgi-bin/nothing", None, 40066),
        ("POST", "/sns/nothing", None, 40066),
        ("GET", "/v3/pay/nothing", None, 40066),
        ("GET", "/cgi-bin/tags/create", None, 43002),
        ("POST", "/cgi-bin/tags/create", None, 44002),
        ("GET", "/cgi-bin/user/get", "", 41001),
        ("GET", "/cgi-bin/user/get", "unknown", 40001),
        ("GET", "/cgi-bin/user/get", "x" * 5000, 40001),
        ("POST", "/cgi-bin/tags/create", "", 41001),
    ],
)
async def test_the_ground_rules_of_errors(
    bench: Bench, account: dict[str, Any], method: str, path: str, token: str | None, errcode: int
) -> None:
    answer = await bench.api(method, path, token=token)
    assert answer["errcode"] == errcode
    assert RID.match(answer["errmsg"])


async def test_reads_carry_no_errcode_and_bodies_need_no_type(bench: Bench, account: dict[str, Any]) -> None:
    assert set(await bench.api("GET", "/cgi-bin/get_api_domain_ip")) == {"ip_list"}
    assert set(await bench.api("GET", "/cgi-bin/tags/get")) == {"tags"}
    query = {"access_token": bench.token}
    for content_type in ("", "text/plain", "application/x-www-form-urlencoded"):
        headers = {"content-type": content_type} if content_type else {}
        answer = await bench.raw(
            "POST", "/cgi-bin/callback/check", query=query, content=b'{"action":"dns"}', headers=headers
        )
        assert answer.envelope["dns"]
    checked = await bench.api("POST", "/cgi-bin/callback/check", {"action": "all"})
    assert set(checked) == {"dns", "ping"}
    assert (await bench.api("POST", "/cgi-bin/callback/check", {"action": "fly"}))["errcode"] == 40201
    body = {"action": "all", "check_operator": "x"}
    assert (await bench.api("POST", "/cgi-bin/callback/check", body))["errcode"] == 40202


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("subscription_unverified", {"menu", "tags", "send", "media", "qrcode", "template"}),
        ("subscription_verified", {"qrcode", "template"}),
        ("service_unverified", {"tags", "send", "media", "qrcode", "template"}),
        ("service_verified", set()),
    ],
)
async def test_the_permission_matrix(bench: Bench, kind: str, refused: set[str]) -> None:
    await bench.sign_in(await bench.add_account(kind=kind))
    paths = {
        "menu": ("GET", "/cgi-bin/menu/get"),
        "tags": ("GET", "/cgi-bin/tags/get"),
        "send": ("POST", "/cgi-bin/message/custom/send"),
        "media": ("GET", "/cgi-bin/media/get"),
        "qrcode": ("POST", "/cgi-bin/qrcode/create"),
        "template": ("GET", "/cgi-bin/template/get_all_private_template"),
    }
    codes = {name: (await bench.api(method, path)).get("errcode") for name, (method, path) in paths.items()}
    assert {name for name, code in codes.items() if code == 48001} == refused


async def test_quotas_are_counted_shown_and_cleared(bench: Bench, account: dict[str, Any]) -> None:
    asked = {"cgi_path": "/cgi-bin/user/get"}
    assert (await bench.api("POST", "/cgi-bin/openapi/quota/get", asked))["quota"] == {
        "daily_limit": 500,
        "used": 0,
        "remain": 500,
    }
    try:
        assert (await bench.control("PUT", "/faults", {"quotas": {"user_list": 2}})).status == 200
        codes = [(await bench.api("GET", "/cgi-bin/user/get")).get("errcode", 0) for _ in range(3)]
        assert codes == [0, 0, 45009]
        assert (await bench.api("POST", "/cgi-bin/openapi/quota/get", asked))["quota"]["remain"] == 0
        body = {"appid": account["appid"]}
        assert await bench.api("POST", "/cgi-bin/clear_quota", body) == {"errcode": 0, "errmsg": "ok"}
        assert "errcode" not in await bench.api("GET", "/cgi-bin/user/get")
    finally:
        await bench.control("PUT", "/faults", {"quotas": {}})
    by_secret = {"appid": account["appid"], "appsecret": account["secret"]}
    for _ in range(9):
        assert (await bench.api("POST", "/cgi-bin/clear_quota/v2", by_secret, token=""))["errcode"] == 0
    assert (await bench.api("POST", "/cgi-bin/clear_quota/v2", by_secret, token=""))["errcode"] == 48006
    assert (await bench.api("POST", "/cgi-bin/clear_quota", {"appid": "wx1"}))["errcode"] == 40013
    assert (await bench.api("POST", "/cgi-bin/openapi/quota/get", {"cgi_path": "/x"}))["errcode"] == 76021


async def test_quotas_begin_anew_at_midnight_in_china(bench: Bench, frozen_clock: FrozenClock) -> None:
    await bench.sign_in(await bench.add_account())
    await bench.api("GET", "/cgi-bin/user/get")
    asked = {"cgi_path": "cgi-bin/user/get"}
    assert (await bench.api("POST", "/cgi-bin/openapi/quota/get", asked))["quota"]["used"] == 1
    midnight = frozen_clock.at.replace(hour=16) - frozen_clock.at
    frozen_clock.advance(seconds=midnight / timedelta(seconds=1))
    await bench.sign_in(bench.account)
    assert (await bench.api("POST", "/cgi-bin/openapi/quota/get", asked))["quota"]["used"] == 0


async def test_a_refused_call_can_be_looked_up_by_its_rid(bench: Bench, account: dict[str, Any]) -> None:
    refused = await bench.api("POST", "/cgi-bin/tags/create", {"tag": {"name": ""}})
    rid = refused["errmsg"].rpartition(" ")[2]
    found = (await bench.api("POST", "/cgi-bin/openapi/rid/get", {"rid": rid}))["request"]
    assert found["request_url"] == "/cgi-bin/tags/create"
    assert found["request_body"] == '{"tag": {"name": ""}}'
    assert "45157" in found["response_body"]
    assert abs(found["invoke_time"] - clock.real_now().timestamp()) < 60
    assert (await bench.api("POST", "/cgi-bin/openapi/rid/get", {"rid": "x"}))["errcode"] == 76003
    assert (await bench.api("POST", "/cgi-bin/openapi/rid/get", {"rid": ""}))["errcode"] == 76001
    await bench.sign_in(await bench.add_account())
    assert (await bench.api("POST", "/cgi-bin/openapi/rid/get", {"rid": rid}))["errcode"] == 76003


async def test_fault_switches(bench: Bench, account: dict[str, Any]) -> None:
    _phone, openid = await bench.fan(account)
    try:
        await bench.control("PUT", "/faults", {"send_errcode": -1})
        assert await bench.say(openid) == -1
        await bench.control("PUT", "/faults", {"send_errcode": 0, "errcodes": {"/cgi-bin/tags/get": 45011}})
        assert (await bench.api("GET", "/cgi-bin/tags/get"))["errcode"] == 45011
        await bench.control("PUT", "/faults", {"errcodes": {}, "strict_unicode": True})
        query = {"access_token": bench.token}
        escaped = b'{"tag":{"name":"\\u4f60"}}'
        answer = await bench.raw("POST", "/cgi-bin/tags/create", query=query, content=escaped)
        assert answer.envelope["errcode"] == 40033
        await bench.control("PUT", "/faults", {"is_api_down": True})
        assert (await bench.raw("GET", "/cgi-bin/tags/get", query=query)).status == 502
        faults = (await bench.control("GET", "/faults")).attribute
        assert (faults["is_api_down"], faults["strict_unicode"], faults["send_errcode"]) == (True, True, 0)
    finally:
        off = {"is_api_down": False, "strict_unicode": False, "send_errcode": 0, "errcodes": {}}
        await bench.control("PUT", "/faults", off)
    assert await bench.say(openid) == 0

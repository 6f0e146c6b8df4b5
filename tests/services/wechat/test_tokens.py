"""Access tokens: one holder, one refresh at a time, exactly one retry, never a loop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from guanjia.kit import clock
from guanjia.services.wechat.api import Api, NotAllowed, Refused
from guanjia.services.wechat.registry import Account as Known
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.settings import Settings
from guanjia.services.wechat.tokens import Tokens
from tests.conftest import FrozenClock
from tests.services.wechat.conftest import Account, Desk

pytestmark = pytest.mark.anyio

IPS = "/cgi-bin/getcallbackip"
STABLE = "/cgi-bin/stable_token"


def known(desk: Desk, account: Account) -> Known:
    found = desk.host.contexts["wechat"].part(Registry).account(account.id)
    assert found is not None
    return found


async def ask(desk: Desk, account: Account) -> object:
    """Any call that needs a token."""
    return await desk.host.contexts["wechat"].part(Api).call(known(desk, account), "callback_ip", IPS)


def fetched(desk: Desk, account: Account) -> int:
    return sum(call.body["appid"] == account.draft["appid"] for call in desk.platform.of(STABLE))


async def test_many_first_calls_fetch_one_token(desk: Desk) -> None:
    account = await desk.account()
    await asyncio.gather(*(ask(desk, account) for _ in range(20)))
    assert fetched(desk, account) == 1
    body = desk.platform.of(STABLE)[-1].body
    assert body["grant_type"] == "client_credential"


async def test_calls_that_fail_together_refresh_once(desk: Desk) -> None:
    account = await desk.account()
    await ask(desk, account)
    desk.platform.tokens.clear()
    await asyncio.gather(*(ask(desk, account) for _ in range(20)))
    assert fetched(desk, account) == 2


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_call_refreshes_once_and_then_gives_up(desk: Desk, errcode: int) -> None:
    account = await desk.account()
    await ask(desk, account)
    before = len(desk.platform.of(IPS))
    desk.platform.refusals[IPS] += [errcode, errcode]
    with pytest.raises(Refused) as refused:
        await ask(desk, account)
    assert refused.value.reason == "token_refused"
    assert len(desk.platform.of(IPS)) == before + 2
    assert fetched(desk, account) == 2
    await ask(desk, account)


async def test_an_error_of_the_token_itself_never_loops(desk: Desk) -> None:
    account = await desk.account()
    desk.platform.refusals[STABLE] += [40001]
    with pytest.raises(Refused) as refused:
        await ask(desk, account)
    assert refused.value.reason == "credentials_wrong"
    assert fetched(desk, account) == 1
    await ask(desk, account)


async def test_a_token_is_refreshed_a_few_minutes_early(desk: Desk, frozen_clock: FrozenClock) -> None:
    account = await desk.account()
    await ask(desk, account)
    frozen_clock.advance(seconds=7200 - 301)
    await ask(desk, account)
    assert fetched(desk, account) == 1
    frozen_clock.advance(seconds=2)
    await ask(desk, account)
    assert fetched(desk, account) == 2


async def test_another_process_uses_the_stored_token(desk: Desk) -> None:
    account = await desk.account()
    await ask(desk, account)
    context = desk.host.contexts["wechat"]
    other = Tokens(context)
    held = await other.get(known(desk, account), context.part(Api).fetch_token)
    assert held.token in desk.platform.tokens
    assert fetched(desk, account) == 1


async def test_another_process_waits_for_the_one_that_fetches(desk: Desk) -> None:
    account = await desk.account()
    context = desk.host.contexts["wechat"]
    gate = desk.platform.gates[STABLE] = asyncio.Event()
    try:
        first = asyncio.create_task(ask(desk, account))
        second = asyncio.create_task(Tokens(context).get(known(desk, account), context.part(Api).fetch_token))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, second)
    finally:
        del desk.platform.gates[STABLE]
    assert fetched(desk, account) == 1


async def test_only_the_failing_token_is_forgotten(desk: Desk) -> None:
    account = await desk.account()
    context = desk.host.contexts["wechat"]
    tokens, api = context.part(Tokens), context.part(Api)
    old = await tokens.get(known(desk, account), api.fetch_token)
    await tokens.expire(known(desk, account), old)
    new = await tokens.get(known(desk, account), api.fetch_token)
    await tokens.expire(known(desk, account), old)
    assert await Tokens(context).get(known(desk, account), api.fetch_token) == new
    assert fetched(desk, account) == 2


async def test_a_new_secret_takes_a_new_token(desk: Desk) -> None:
    account = await desk.account()
    await ask(desk, account)
    change = {"version": 1, "secret": "another"}
    assert (await account.call("PATCH", f"/accounts/{account.id}", change)).status == 200
    await ask(desk, account)
    assert fetched(desk, account) == 2
    assert desk.platform.of(STABLE)[-1].body["secret"] == "another"


async def test_the_old_token_interface_is_a_setting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    account = await desk.account()
    monkeypatch.setattr(desk.host.contexts["wechat"].part(Api), "_settings", Settings(uses_stable_token=False))
    await ask(desk, account)
    call = desk.platform.of("/cgi-bin/token")[-1]
    assert (call.query["appid"], call.query["grant_type"]) == (account.draft["appid"], "client_credential")


async def test_without_a_secret_nothing_is_asked(desk: Desk) -> None:
    account = await desk.account(secret="")
    with pytest.raises(NotAllowed) as refused:
        await ask(desk, account)
    assert refused.value.reason == "secret_missing"


async def test_the_check_tells_what_an_administrator_can_do(desk: Desk) -> None:
    account = await desk.account(secret="wrong")
    checked = (await account.call("POST", f"/accounts/{account.id}/checks")).attribute
    assert (checked["is_ok"], checked["reason"], checked["errcode"]) == (False, "credentials_wrong", 40125)
    assert checked["message"] == "AppID 或 AppSecret 不正确"
    shown = (await account.call("GET", f"/accounts/{account.id}")).attribute
    assert shown["health"]["trouble"] == "credentials_wrong"
    await account.call("PATCH", f"/accounts/{account.id}", {"version": 1, "secret": "right"})
    assert (await account.call("POST", f"/accounts/{account.id}/checks")).attribute["is_ok"] is True
    shown = (await account.call("GET", f"/accounts/{account.id}")).attribute
    assert shown["health"]["trouble"] == ""
    assert shown["health"]["token_expires_at"] > clock.text(clock.real_now() + timedelta(minutes=100))

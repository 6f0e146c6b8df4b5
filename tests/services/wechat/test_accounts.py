"""Official accounts: settings, sealed secrets, audit, permissions of their kind (R-WX-13, R-WX-22)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from guanjia.contracts.wechat.callback import build_xml
from guanjia.kit.database import Reading
from guanjia.services.wechat.models import accounts
from guanjia.services.wechat.registry import Registry
from tests.host import service_caller
from tests.services.wechat.conftest import KEY, OLD_KEY, Desk, until

pytestmark = pytest.mark.anyio

NEW_KEY = "Z" * 43


async def test_an_account_is_shown_without_its_secrets(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY, token="")
    answer = await account.call("GET", f"/accounts/{account.id}")
    shown = answer.attribute
    assert (shown["has_secret"], shown["has_aes_key"], shown["has_previous_aes_key"]) == (True, True, False)
    assert shown["callback_url"] == f"http://guanjia.test/wechat/callbacks/{account.id}"
    assert len(shown["token"]) == 32
    assert b"a-secret" not in answer.body
    assert KEY.encode() not in answer.body


async def test_secrets_are_sealed_on_disk(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY, previous_aes_key=OLD_KEY)

    def stored(reading: Reading) -> Any:
        return reading.one(accounts.select().where(accounts.c.id == account.id))

    row = await desk.host.database("wechat").read(stored)
    assert row is not None
    for sealed, text in ((row.secret, "a-secret"), (row.aes_key, KEY), (row.previous_aes_key, OLD_KEY)):
        assert text not in sealed
        assert desk.host.secrets.decrypt(sealed) == text


async def test_without_another_address_the_official_one_is_called(desk: Desk) -> None:
    account = await desk.account()
    body = {"name": "乙", "appid": "wx0000000000000abc", "kind": "service_verified"}
    shown = (await account.call("POST", "/accounts", body)).attribute
    assert shown["api_base_url"] == "https://api.weixin.qq.com"
    assert (shown["mode"], shown["version"]) == ("plain", 1)


async def test_a_new_key_keeps_the_old_one_for_a_while(desk: Desk) -> None:
    account = await desk.account(mode="safe", aes_key=KEY)
    path = f"/accounts/{account.id}"
    shown = (await account.call("PATCH", path, {"version": 1, "aes_key": NEW_KEY})).attribute
    assert shown["has_previous_aes_key"] is True
    for key in (KEY, NEW_KEY):
        body, query = account.sealed(build_xml(account.fields()), key)
        assert (await account.post(body, query)).body == b"success"
    # The same key in another spelling changes nothing.
    spelt = NEW_KEY[:-1] + "Y"
    await account.call("PATCH", path, {"version": 2, "aes_key": spelt})
    body, query = account.sealed(build_xml(account.fields()), KEY)
    assert (await account.post(body, query)).body == b"success"


async def test_a_stale_version_is_refused(desk: Desk) -> None:
    account = await desk.account()
    path = f"/accounts/{account.id}"
    assert (await account.call("PATCH", path, {"version": 1, "name": "新名"})).attribute["version"] == 2
    answer = await account.call("PATCH", path, {"version": 1, "name": "旧名"})
    assert (answer.status, answer.error) == (409, "stale_version")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": "a-b"}, "token"),
        ({"aes_key": "short"}, "aes_key"),
        ({"mode": "safe"}, "aes_key"),
        ({"api_base_url": "ftp://x"}, "api_base_url"),
        ({"kind": "other"}, "kind"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_wrong_settings_are_named(desk: Desk, change: dict[str, Any], field: str) -> None:
    account = await desk.account()
    answer = await account.call("PATCH", f"/accounts/{account.id}", {"version": 1, **change})
    assert answer.status == 422
    assert list(answer.fields) == [field]


async def test_one_appid_is_one_account_of_a_company(desk: Desk) -> None:
    account = await desk.account()
    answer = await account.call("POST", "/accounts", account.draft)
    assert (answer.status, answer.error) == (409, "appid_taken")
    await desk.account(appid=account.draft["appid"])


async def test_accounts_of_another_company_are_not_there(desk: Desk) -> None:
    account, stranger = await desk.account(), await desk.account()
    path = f"/accounts/{account.id}"
    assert [item["id"] for item in (await stranger.call("GET", "/accounts")).items] == [stranger.id]
    assert (await stranger.call("GET", path)).status == 404
    assert (await stranger.call("PATCH", path, {"version": 1})).status == 404
    for deed in ("checks",):
        assert (await stranger.call("POST", f"{path}/{deed}")).status == 404
    for part in ("quotas", "permissions"):
        assert (await stranger.call("GET", f"{path}/{part}")).status == 404


async def test_changes_are_audited_without_secrets(desk: Desk) -> None:
    account = await desk.account()
    await account.call("PATCH", f"/accounts/{account.id}", {"version": 1, "secret": "very-secret"})
    rows = [row for row in await desk.host.events("wechat", "audited") if row.company_id == account.company_id]
    assert [b"very-secret" in row.data for row in rows] == [False, False]
    assert b'"fields":["secret"]' in rows[1].data


async def test_the_matrix_of_permissions(desk: Desk) -> None:
    account = await desk.account(kind="service_unverified")
    items = (await account.call("GET", f"/accounts/{account.id}/permissions")).items
    allowed = {item["permission"] for item in items if item["is_allowed"]}
    assert allowed == {"receive", "passive_reply", "token", "menu"}
    assert all(item["title"] for item in items)


async def test_a_service_announces_for_itself_only(desk: Desk) -> None:
    body: dict[str, Any] = {"providers": []}
    for caller, status in ((service_caller("chat"), 200), (service_caller("crm"), 403)):
        answer = await desk.host.request("wechat", "PUT", "/announcements/chat/1", caller=caller, body=body)
        assert answer.status == status


async def test_an_older_look_never_takes_the_place_of_a_newer(desk: Desk) -> None:
    registry = desk.host.contexts["wechat"].part(Registry)
    for _ in range(5):
        looks = [asyncio.create_task(registry.reload()) for _ in range(3)]
        await asyncio.sleep(0)
        account = await desk.account()
        await asyncio.gather(*looks)
        assert registry.account(account.id) is not None


async def test_another_process_hears_of_a_change(desk: Desk) -> None:
    other = Registry(desk.host.contexts["wechat"])
    try:
        account = await desk.account()
        await until(lambda: other.account(account.id) is not None)
    finally:
        await other.close()

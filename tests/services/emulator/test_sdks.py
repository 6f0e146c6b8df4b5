"""Third-party SDKs that know nothing of us: as clients of the emulator, and as receivers of its pushes."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import werobot
from flask import Flask, request
from wechatpy import WeChatClient, create_reply, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatClientException
from wechatpy.utils import check_signature
from werkzeug.serving import make_server
from werobot.client import Client as WerobotClient
from werobot.contrib.flask import make_view

from tests.services.emulator.bench import AES_KEY, JPEG, Bench, as_gateway, serving

pytestmark = pytest.mark.anyio

TOKEN = "QDG6eK"


@pytest.fixture
async def weixin(own_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Every request to WeChat's hosts goes to the emulator; there is no other host."""
    import requests.adapters

    send = requests.adapters.HTTPAdapter.send
    async with serving(as_gateway(own_bench.host)) as address:

        def to_emulator(self: Any, prepared: Any, **options: Any) -> Any:
            host, slash, path = prepared.url.partition("://")[2].partition("/")
            assert host.endswith(".weixin.qq.com"), prepared.url
            prepared.url = f"{address}{slash}{path}"
            return send(self, prepared, **options)

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", to_emulator)
        yield address


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """A Flask app on a local port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def blocking(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return await asyncio.to_thread(call, *arguments, **options)


async def test_wechatpy_as_client(own_bench: Bench, weixin: str) -> None:
    account = await own_bench.add_account()
    phone, openid = await own_bench.fan(account)
    client = WeChatClient(account["appid"], account["secret"], timeout=10)

    token = await blocking(lambda: client.access_token)
    assert len(token) > 100
    user = await blocking(client.user.get, openid)
    assert (user["subscribe"], user["openid"]) == (1, openid)
    assert await blocking(lambda: list(client.user.iter_followers())) == [openid]
    await blocking(client.user.update_remark, openid, "王女士 😀")
    assert (await blocking(client.user.get_batch, [openid]))[0]["remark"] == "王女士 😀"

    assert (await blocking(client.message.send_text, openid, "您好 😀"))["errcode"] == 0
    uploaded = await blocking(client.media.upload, "image", ("车.jpg", io.BytesIO(JPEG), "image/jpeg"))
    await blocking(client.message.send_image, openid, uploaded["media_id"])
    assert (await blocking(client.media.download, uploaded["media_id"])).content == JPEG
    with pytest.raises(WeChatClientException) as refused:
        await own_bench.write(phone, account)
        article = {"title": "一", "description": "", "url": "http://a.cn/"}
        await blocking(client.message.send_articles, openid, [article, article])
    assert refused.value.errcode == 45008
    shown = [one["kind"] for one in await own_bench.chat(phone, account) if one["from"] == "account"]
    assert shown == ["text", "image"]

    menu = {"button": [{"type": "click", "name": "联系客服", "key": "human"}]}
    await blocking(client.menu.create, menu)
    assert (await blocking(client.menu.get))["menu"]["button"][0]["key"] == "human"
    assert (await blocking(client.menu.get_menu_info))["is_menu_open"] == 1
    await blocking(client.menu.delete)
    assert (await blocking(client.menu.get)) is None

    tag = await blocking(client.tag.create, "车主")
    await blocking(client.tag.tag_user, tag["id"], openid)
    assert await blocking(client.tag.get_user_tag, openid) == [tag["id"]]
    assert await blocking(lambda: list(client.tag.iter_tag_users(tag["id"]))) == [openid]
    group = await blocking(client.group.create, "老客户")
    await blocking(client.group.move_user, openid, group["group"]["id"])

    scene = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "门店1"}}}
    code = await blocking(client.qrcode.create, scene)
    assert (await blocking(client.qrcode.show, code["ticket"])).headers["content-type"] == "image/jpg"
    await blocking(client.customservice.add_account, "wang@anxing", "小王", "secret")
    assert (await blocking(client.customservice.get_accounts))[0]["kf_nick"] == "小王"
    await blocking(client.customservice.delete_account, "wang@anxing")
    assert "127.0.0.1" in await blocking(client.misc.get_wechat_ips)


async def test_wechatpy_refreshes_a_token_that_ended(own_bench: Bench, weixin: str) -> None:
    account = await own_bench.add_account()
    _phone, openid = await own_bench.fan(account)
    client = WeChatClient(account["appid"], account["secret"], access_token="no longer good", timeout=10)
    assert (await blocking(client.user.get, openid))["subscribe"] == 1
    wrong = WeChatClient(account["appid"], "0" * 32, timeout=10)
    with pytest.raises(WeChatClientException) as refused:
        await blocking(wrong.user.get, openid)
    assert refused.value.errcode == 40125


async def test_werobot_as_client(own_bench: Bench, weixin: str) -> None:
    account = await own_bench.add_account()
    phone, openid = await own_bench.fan(account)
    client = WerobotClient({"APP_ID": account["appid"], "APP_SECRET": account["secret"]})
    await blocking(client.send_text_message, openid, "您好")
    await blocking(client.create_menu, {"button": [{"type": "view", "name": "官网", "url": "http://a.cn/"}]})
    assert (await blocking(client.get_menu))["menu"]["button"][0]["name"] == "官网"
    assert (await blocking(client.get_followers))["data"]["openid"] == [openid]
    assert (await blocking(client.get_user_info, openid))["openid"] == openid
    await blocking(client.remark_user, openid, "王女士")
    uploaded = await blocking(client.upload_media, "image", io.BytesIO(JPEG))
    assert (await blocking(client.download_media, uploaded["media_id"])).content == JPEG
    assert [one["kind"] for one in await own_bench.chat(phone, account)] == ["text"]


def wechatpy_app(account: dict[str, Any]) -> tuple[Flask, list[Any]]:
    """The usual receiver of wechatpy's documentation: it echoes texts."""
    app, seen = Flask(__name__), []

    @app.route("/", methods=["GET", "POST"])
    def receive() -> str:
        asked = request.args
        check_signature(TOKEN, asked["signature"], asked["timestamp"], asked["nonce"])
        if request.method == "GET":
            return asked["echostr"]
        is_sealed = asked.get("encrypt_type") == "aes"
        crypto = WeChatCrypto(TOKEN, AES_KEY, account["appid"])
        times = (asked["timestamp"], asked["nonce"])
        body = request.data
        if is_sealed:
            body = crypto.decrypt_message(body, asked["msg_signature"], *times)
        message = parse_message(body)
        seen.append(message)
        if message.type != "text":
            return "success"
        answer = create_reply(f"您说：{message.content}", message).render()
        return str(crypto.encrypt_message(answer, times[1], times[0]) if is_sealed else answer)

    return app, seen


@pytest.mark.parametrize("mode", ["plain", "compat", "safe"])
async def test_wechatpy_as_receiver(own_bench: Bench, mode: str) -> None:
    account = await own_bench.add_account()
    app, seen = wechatpy_app(account)
    with served(app) as address:
        body = {"url": address, "token": TOKEN, "aes_key": AES_KEY, "mode": mode}
        assert (await own_bench.control("PUT", f"/accounts/{account['appid']}/callback", body)).status == 200
        phone, openid = await own_bench.fan(account)
        await own_bench.write(phone, account, "我的车刹车有异响 😀")
        place = {"latitude": 31.2, "longitude": 121.5, "label": "人民广场"}
        await own_bench.control(
            "POST",
            f"/phones/{phone['id']}/messages",
            {"appid": account["appid"], "kind": "location", "content": place},
        )
        pushes = await own_bench.delivered(3, openid=openid)
    assert [one["tries"][-1]["verdict"] for one in pushes] == ["success", "reply", "success"]
    assert [one.type for one in seen] == ["event", "text", "location"]
    assert seen[0].event == "subscribe"
    assert str(seen[1].id) == pushes[1]["msg_id"]
    assert seen[2].label == "人民广场"
    replies = [one for one in await own_bench.chat(phone, account) if one["from"] == "account"]
    assert [one["content"]["content"] for one in replies] == ["您说：我的车刹车有异响 😀"]


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_werobot_as_receiver(own_bench: Bench, mode: str) -> None:
    account = await own_bench.add_account(mode=mode)
    robot = werobot.WeRoBot(
        token=TOKEN,
        app_id=account["appid"],
        encoding_aes_key=AES_KEY if mode == "safe" else None,
        SESSION_STORAGE=False,
    )

    @robot.subscribe  # type: ignore[untyped-decorator]  # WeRoBot has no types
    def greet() -> str:
        return "欢迎关注"

    @robot.text  # type: ignore[untyped-decorator]  # WeRoBot has no types
    def articles(message: Any) -> list[list[str]]:
        return [[message.content, "说明", "http://a.cn/p.jpg", "http://a.cn/"]]

    app = Flask(__name__)
    app.add_url_rule("/", "robot", make_view(robot), methods=["GET", "POST"])
    with served(app) as address:
        body = {"url": address, "token": TOKEN, "aes_key": AES_KEY, "mode": mode}
        assert (await own_bench.control("PUT", f"/accounts/{account['appid']}/callback", body)).status == 200
        phone, openid = await own_bench.fan(account)
        await own_bench.write(phone, account, "看车")
        pushes = await own_bench.delivered(2, openid=openid)
    assert [one["tries"][-1]["verdict"] for one in pushes] == ["reply", "reply"]
    replies = [one for one in await own_bench.chat(phone, account) if one["from"] == "account"]
    assert replies[0]["content"] == {"content": "欢迎关注"}
    assert replies[1]["content"]["articles"][0]["title"] == "看车"

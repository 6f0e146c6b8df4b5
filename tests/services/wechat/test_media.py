"""Pictures, voices and videos are fetched with their push, typed by their content."""

from __future__ import annotations

import pytest

from guanjia.services.wechat.settings import Settings
from tests.services.wechat.conftest import Desk
from tests.services.wechat.platform import AMR, JPEG

pytestmark = pytest.mark.anyio

GET = "/cgi-bin/media/get"
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"video" * 20


async def test_a_picture_is_stored(desk: Desk) -> None:
    account = await desk.account()
    desk.platform.media["m-jpeg"] = (JPEG, "application/octet-stream")
    await account.push(MsgType="image", PicUrl="http://mmbiz.qpic.cn/1", MediaId="m-jpeg", Content="")
    (stored,) = await account.wait_for("media_stored")
    ((_name, received),) = await account.events("message_received")
    assert stored["push_id"] == received["push_id"]
    assert (stored["media_type"], stored["size"]) == ("image/jpeg", len(JPEG))
    assert desk.host.files.find(stored["file"]).path.read_bytes() == JPEG


@pytest.mark.parametrize(
    ("form", "content", "media_type"),
    [("amr", AMR, "audio/amr"), ("speex", b"raw frames", "audio/speex"), ("x", b"?", "application/octet-stream")],
)
async def test_voices_keep_their_type(desk: Desk, form: str, content: bytes, media_type: str) -> None:
    account = await desk.account()
    desk.platform.media[f"m-{form}"] = (content, "audio/amr")
    await account.push(MsgType="voice", MediaId=f"m-{form}", Format=form, Recognition="你好", Content="")
    (stored,) = await account.wait_for("media_stored")
    assert stored["media_type"] == media_type
    ((_name, received),) = await account.events("message_received")
    assert received["content"] == {"media_id": f"m-{form}", "format": form, "recognition": "你好"}


async def test_a_video_comes_by_its_address(desk: Desk) -> None:
    account = await desk.account()
    address = f"{desk.platform.address}/video"
    desk.platform.media["m-video"] = (b'{"video_url": "%s"}' % address.encode(), "text/plain")
    desk.platform.files["/video"] = (MP4, "video/mp4")
    await account.push(MsgType="video", MediaId="m-video", ThumbMediaId="t", Content="")
    (stored,) = await account.wait_for("media_stored")
    assert stored["media_type"] == "video/mp4"
    assert "access_token" not in desk.platform.of("/video")[-1].query


async def test_media_that_is_gone_says_so(desk: Desk) -> None:
    account = await desk.account()
    await account.push(MsgType="image", PicUrl="", MediaId="gone", Content="")
    (failed,) = await account.wait_for("media_failed")
    assert failed["reason"] == "media_expired"


async def test_a_failed_download_is_repeated(desk: Desk) -> None:
    account = await desk.account()
    desk.platform.media["m-busy"] = (JPEG, "image/jpeg")
    desk.platform.refusals[GET].append(-1)
    await account.push(MsgType="image", PicUrl="", MediaId="m-busy", Content="")
    await account.wait_for("media_stored")


async def test_media_over_the_cap_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from guanjia.services.wechat.api import Api

    account = await desk.account()
    settings = Settings(media_limit_bytes=100)
    monkeypatch.setattr(desk.host.contexts["wechat"].part(Api), "_settings", settings)
    desk.platform.media["m-large"] = (JPEG, "image/jpeg")
    await account.push(MsgType="image", PicUrl="", MediaId="m-large", Content="")
    (failed,) = await account.wait_for("media_failed")
    assert failed["reason"] == "media_too_large"


async def test_an_account_without_media_takes_the_picture_from_its_address(desk: Desk) -> None:
    account = await desk.account(kind="service_unverified")
    desk.platform.files["/picture"] = (JPEG, "image/jpeg")
    address = f"{desk.platform.address}/picture"
    await account.push(MsgType="image", PicUrl=address, MediaId="m", Content="")
    (stored,) = await account.wait_for("media_stored")
    assert stored["media_type"] == "image/jpeg"
    await account.push(MsgType="voice", MediaId="m", Format="amr", Content="")
    (failed,) = await account.wait_for("media_failed")
    assert failed["reason"] == "interface_not_allowed"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.2/inside", "http://127.0.0.1:1/inside", "http://[::1", "file:///x"]
)
async def test_a_picture_is_fetched_from_wechat_only(desk: Desk, address: str) -> None:
    account = await desk.account(kind="service_unverified")
    await account.push(MsgType="image", PicUrl=address, MediaId="m", Content="")
    (failed,) = await account.wait_for("media_failed")
    assert failed["reason"] == "interface_not_allowed"


async def test_what_is_no_picture_is_not_kept_as_one(desk: Desk) -> None:
    account = await desk.account(kind="service_unverified")
    desk.platform.files["/inside"] = (b"<html>inside</html>", "text/html")
    await account.push(MsgType="image", PicUrl=f"{desk.platform.address}/inside", MediaId="m", Content="")
    (failed,) = await account.wait_for("media_failed")
    assert failed["reason"] == "wechat_answer_unreadable"


async def test_a_video_is_fetched_from_wechat_only(desk: Desk) -> None:
    account = await desk.account()
    desk.platform.media["m-away"] = (b'{"video_url": "http://127.0.0.2/inside"}', "text/plain")
    await account.push(MsgType="video", MediaId="m-away", ThumbMediaId="t", Content="")
    (failed,) = await account.wait_for("media_failed")
    assert failed["reason"] == "interface_not_allowed"

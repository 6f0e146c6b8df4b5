"""Temporary media: three days, by the account that uploaded them or was sent them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from guanjia.kit.database import Transaction
from guanjia.kit.service import Context
from guanjia.services.emulator.actions.phones import add_medium
from guanjia.services.emulator.api.call import Answer, Call, Download, Interface
from guanjia.services.emulator.queries.accounts import find_media
from guanjia.services.emulator.rules import formats
from guanjia.services.emulator.rules.errors import WechatError

KINDS = ("image", "voice", "video", "thumb")
ARTICLE_PICTURE_SECONDS = 10 * 365 * 24 * 3600


async def keep_upload(context: Context, call: Call) -> None:
    """Check the file and put it on disk, before there is a row of it."""
    content, name = call.file()
    kind = call.text("type")
    media_type = formats.check_upload(kind, content)
    call.stored = {
        "kind": kind,
        "name": name or kind,
        "media_type": media_type,
        "file": await asyncio.to_thread(context.files.store, content, media_type),
    }


def upload(tx: Transaction, call: Call) -> Answer:
    """A temporary medium; a thumb's id is called ``thumb_media_id``."""
    one = call.stored
    media_id = add_medium(tx, one["kind"], one["file"], one["media_type"], one["name"], call.at, call.appid)
    name = "thumb_media_id" if one["kind"] == "thumb" else "media_id"
    return {"type": one["kind"], name: media_id, "created_at": int(call.at.timestamp())}


def download(tx: Transaction, call: Call) -> Answer:
    """The file; of a video its address."""
    media_id = call.text("media_id")
    if not media_id:
        raise WechatError(41006)
    after = call.at - timedelta(days=call.settings.media_days)
    row = find_media(tx, call.appid, media_id, KINDS, after)
    if row is None:
        raise WechatError(40007)
    if row.kind == "video":
        return {"video_url": call.base_url + call.address_of(row.file)}
    return Download(media_type=row.media_type, name=row.name, file=row.file)


async def keep_picture(context: Context, call: Call) -> None:
    """Check a picture for articles and put it on disk."""
    content, _name = call.file()
    media_type = formats.check_article_image(content)
    call.stored = {"file": await asyncio.to_thread(context.files.store, content, media_type)}


def upload_picture(_tx: Transaction, call: Call) -> Answer:
    """The address of a picture for articles; it counts as no medium."""
    return {"url": call.base_url + call.address_of(call.stored["file"], ARTICLE_PICTURE_SECONDS)}


def download_speex(tx: Transaction, call: Call) -> Answer:
    """A voice recorded in a web page, as speex."""
    after = call.at - timedelta(days=call.settings.media_days)
    row = find_media(tx, call.appid, call.text("media_id"), ("voice",), after)
    if row is None or row.media_type != "audio/speex":
        raise WechatError(40007)
    return Download(media_type=row.media_type, name=row.name, file=row.file)


INTERFACES = (
    Interface("/cgi-bin/media/upload", upload, before=keep_upload),
    Interface("/cgi-bin/media/get", download, "GET"),
    Interface("/cgi-bin/media/get/jssdk", download_speex, "GET"),
    Interface("/cgi-bin/media/uploadimg", upload_picture, before=keep_picture),
)

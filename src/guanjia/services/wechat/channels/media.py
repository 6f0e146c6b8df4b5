"""Pictures, voices and videos of pushes, fetched at once: WeChat keeps them for three days only."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import msgspec

from guanjia.kit import clock
from guanjia.kit.database import Transaction
from guanjia.kit.files import sniff_media_type
from guanjia.kit.outgoing import Channel, Failed, Intent, OutgoingFailure
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.sends import media_failed, media_stored
from guanjia.services.wechat.api import Api, ApiFailure, Download, Refused
from guanjia.services.wechat.channels.accounts import active_account, as_end, note
from guanjia.services.wechat.registry import Account
from guanjia.services.wechat.schemas import MediaIntent

UNKNOWN_TYPE = "application/octet-stream"
# Files are fetched from an address in a push or an answer only where WeChat keeps them: neither may lead this
# process to what else it can reach.
FILE_HOSTS = ("qpic.cn", "qlogo.cn", "qq.com")


class _Stored(msgspec.Struct):
    file: str
    media_type: str
    size: int


async def fetch_media(context: Context, intent: Intent) -> _Stored:
    """Download the media and keep it in kit.files."""
    wanted = intent.read(MediaIntent)
    account = active_account(context, wanted.account_id)
    try:
        content = await _download(context.part(Api), account, wanted)
    except ApiFailure as failure:
        await note(context, account, failure)
        raise as_end(failure) from failure
    if not content:
        raise Failed("empty", "media_expired")
    media_type = sniff_media_type(content)
    if not wanted.media_id and not (media_type or "").startswith("image/"):
        raise Failed("no picture at the push's address", "wechat_answer_unreadable")
    if media_type is None:
        # Speex frames have no head of their own; what is unknown is kept as a download.
        media_type = "audio/speex" if wanted.format == "speex" else UNKNOWN_TYPE
    file = await asyncio.to_thread(context.files.store, content, media_type)
    return _Stored(file, media_type, len(content))


async def _download(api: Api, account: Account, wanted: MediaIntent) -> bytes:
    if not wanted.media_id:
        return (await api.fetch(_file_address(account, wanted.pic_url))).content
    answer = await api.download(account, "/cgi-bin/media/get", {"media_id": wanted.media_id})
    if isinstance(answer, Download):
        return answer.content
    address = answer.get("video_url")
    if not isinstance(address, str) or not address:
        raise Refused(40007, "neither media nor an address")
    return (await api.fetch(_file_address(account, address))).content


def _file_address(account: Account, address: str) -> str:
    """The address, when it lies with WeChat or where the account's interfaces are; Failed otherwise."""
    try:
        asked, own = urlsplit(address), urlsplit(account.row.api_base_url)
        host = asked.hostname or ""
        is_own = (asked.scheme, host, asked.port) == (own.scheme, own.hostname, own.port)
    except ValueError as error:
        raise Failed("the address is none", "interface_not_allowed") from error
    if not is_own and not any(host == known or host.endswith("." + known) for known in FILE_HOSTS):
        raise Failed("the file lies elsewhere", "interface_not_allowed")
    return address


def on_stored(tx: Transaction, intent: Intent, result: Any) -> None:
    """Tell where it lies."""
    stored = msgspec.convert(result, _Stored)
    wanted = intent.read(MediaIntent)
    media_stored(tx, wanted, stored.file, stored.media_type, stored.size, clock.now())


def on_missed(tx: Transaction, intent: Intent, failure: OutgoingFailure) -> None:
    """Tell that it can't be had."""
    reason = "wechat_unanswered" if failure.is_unknown else failure.code
    media_failed(tx, intent.read(MediaIntent), reason, clock.now())


MEDIA = Channel("media", fetch_media, on_stored, on_missed, concurrency=8, max_attempts=6, timeout_seconds=60)

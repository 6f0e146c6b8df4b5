"""Phones: what they show and what their owners do."""

import asyncio
from functools import partial
from pathlib import PurePath
from typing import Annotated

from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body as RequestBody

from guanjia.kit import clock
from guanjia.kit.database import PAGE_LIMIT
from guanjia.kit.errors import Invalid, TooLarge
from guanjia.kit.http import Done, Envelope, Items, delete, get, post, put, reply
from guanjia.kit.service import Context
from guanjia.kit.words import locale
from guanjia.services.emulator.actions import phones as deeds
from guanjia.services.emulator.demo import KindNames, only_in_demo
from guanjia.services.emulator.queries import phones as views
from guanjia.services.emulator.rules import formats
from guanjia.services.emulator.samples import Samples
from guanjia.services.emulator.schemas import (
    ChatMessage,
    FollowDraft,
    MessageDraft,
    PhoneDraft,
    PhoneMedia,
    PhoneView,
    ReadDraft,
    ScanDraft,
    ScanView,
    Screen,
    TapDraft,
    TapView,
    VisitDraft,
)
from guanjia.services.emulator.settings import EmulatorSettings

CALLERS = ("public", "service")
UPLOAD_BYTES = 10 * 1024 * 1024
PICTURE_SECONDS = 4 * 24 * 3600


@get("/phones", callers=CALLERS, guards=[only_in_demo])
async def show_phones(
    context: Context, cursor: str | None = None, limit: int = PAGE_LIMIT
) -> Envelope[Items[PhoneView]]:
    """All phones, the oldest first."""
    items, following = await context.database.read(views.list_phones, cursor, limit)
    return reply(Items(items=items, next=following))


@post("/phones", callers=CALLERS, guards=[only_in_demo])
async def add_phone(context: Context, data: PhoneDraft) -> Envelope[PhoneView]:
    """A phone and its owner."""
    phone_id = await context.database.write(deeds.add_phone, data, clock.now())
    return reply(await context.database.read(views.get_phone, phone_id))


@get("/phones/{phone_id:str}/screen", callers=CALLERS, guards=[only_in_demo])
async def show_screen(context: Context, phone_id: str, appid: str = "", before: int | None = None) -> Envelope[Screen]:
    """What the phone shows."""
    names = context.part(KindNames).find(locale.get())
    number = context.feed.head
    screen = await context.database.read(
        views.read_screen, phone_id, appid, before, number, context.files.address, names, clock.now()
    )
    return reply(screen)


@post("/phones/{phone_id:str}/follows", callers=CALLERS, guards=[only_in_demo])
async def add_follow(context: Context, phone_id: str, data: FollowDraft) -> Envelope[Done]:
    """Follow an account; ``scene`` as by a QR code with parameters."""
    settings = context.settings(EmulatorSettings)
    follow = partial(deeds.follow, scene=data.scene)
    await context.database.write(follow, settings, phone_id, data.appid, clock.now())
    return reply(Done())


@delete("/phones/{phone_id:str}/follows/{appid:str}", callers=CALLERS, guards=[only_in_demo])
async def end_follow(context: Context, phone_id: str, appid: str) -> Envelope[Done]:
    """Unfollow an account."""
    await context.database.write(deeds.unfollow, phone_id, appid, clock.now())
    return reply(Done())


@post("/phones/{phone_id:str}/messages", callers=CALLERS, guards=[only_in_demo])
async def add_message(context: Context, phone_id: str, data: MessageDraft) -> Envelope[ChatMessage]:
    """Send a message; the push is on disk when this answers."""
    if data.created_at is not None and data.created_at.tzinfo is None:
        raise Invalid(fields={"created_at": "invalid"})
    sample = data.content.get("sample")
    if data.kind == "image" and not data.media_id and isinstance(sample, str):
        data.media_id = await context.part(Samples).medium(sample)

    def address_of(file: str) -> str:
        return context.base_url + context.files.address(file, PICTURE_SECONDS)

    settings = context.settings(EmulatorSettings)
    message_id = await context.database.write(deeds.send_message, settings, phone_id, data, address_of, clock.now())
    return reply(await context.database.read(views.get_message, message_id, context.files.address))


@post("/phones/{phone_id:str}/media", callers=CALLERS, guards=[only_in_demo])
async def add_media(
    context: Context,
    phone_id: str,
    data: Annotated[dict[str, UploadFile], RequestBody(media_type=RequestEncodingType.MULTI_PART)],
) -> Envelope[PhoneMedia]:
    """Keep what the phone recorded; its format is what its bytes say."""
    upload = next((one for one in data.values() if isinstance(one, UploadFile)), None)
    if upload is None:
        raise Invalid(fields={"file": "field_missing"})
    await context.database.read(views.get_phone, phone_id)
    content = await upload.read()
    if len(content) > UPLOAD_BYTES:
        raise TooLarge(limit=UPLOAD_BYTES)
    try:
        kind, media_type, form = formats.of_phone(content, upload.content_type or "")
    except ValueError as error:
        raise Invalid(fields={"file": "media_not_recognised"}) from error
    file = await asyncio.to_thread(context.files.store, content, media_type)
    name = f"{PurePath(upload.filename or kind).stem[:80]}.{form}"
    media_id = await context.database.write(deeds.add_medium, kind, file, media_type, name, clock.now())
    return reply(PhoneMedia(media_id=media_id, url=context.files.address(file), kind=kind, format=form))


@post("/phones/{phone_id:str}/taps", callers=CALLERS, status_code=200, guards=[only_in_demo])
async def add_tap(context: Context, phone_id: str, data: TapDraft) -> Envelope[TapView]:
    """Tap a button of the menu, or an item of a menu message."""
    settings = context.settings(EmulatorSettings)
    return reply(await context.database.write(deeds.tap, settings, phone_id, data, clock.now()))


@post("/phones/{phone_id:str}/scans", callers=CALLERS, status_code=200, guards=[only_in_demo])
async def add_scan(context: Context, phone_id: str, data: ScanDraft) -> Envelope[ScanView]:
    """Scan a QR code with parameters."""
    settings = context.settings(EmulatorSettings)
    return reply(ScanView(appid=await context.database.write(deeds.scan, settings, phone_id, data, clock.now())))


@post("/phones/{phone_id:str}/visits", callers=CALLERS, status_code=200, guards=[only_in_demo])
async def add_visit(context: Context, phone_id: str, data: VisitDraft) -> Envelope[Done]:
    """Open an account's chat; the position is pushed when the account has it reported."""
    await context.database.write(deeds.visit, phone_id, data, clock.now())
    return reply(Done())


@put("/phones/{phone_id:str}/reads", callers=CALLERS, guards=[only_in_demo])
async def put_read(context: Context, phone_id: str, data: ReadDraft) -> Envelope[Done]:
    """All messages of a chat were seen."""
    await context.database.write(deeds.read_chat, phone_id, data.appid)
    return reply(Done())


ROUTES = (
    show_phones,
    add_phone,
    show_screen,
    add_follow,
    end_follow,
    add_message,
    add_media,
    add_tap,
    add_scan,
    add_visit,
    put_read,
)

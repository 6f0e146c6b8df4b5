"""Messages, uploads, and a message's way."""

import asyncio
import io
from typing import Annotated

from litestar.datastructures import UploadFile
from litestar.params import HeaderParameter, MultipartBody

from guanjia.contracts.chat import MessageView
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.errors import Invalid, TooLarge
from guanjia.kit.files import sniff_media_type
from guanjia.kit.http import Envelope, Items, get, post, reply, write_once
from guanjia.kit.service import Context
from guanjia.services.chat.actions import sending
from guanjia.services.chat.actions.uploads import record_upload
from guanjia.services.chat.queries.messages import list_messages, message_path
from guanjia.services.chat.schemas.conversations import Act, MessageDraft, Step, Upload

READ = "chat.conversations.read"
WRITE = "chat.conversations.write"
UPLOAD_BYTES = 10 * 1024 * 1024
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif"})


@get("/conversations/{conversation_id:str}/messages", permission=READ)
async def read_messages(
    context: Context,
    caller: Caller,
    conversation_id: str,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> Envelope[Items[MessageView]]:
    """Messages by number, ascending: the newest, or those before or after a number."""
    page = await context.database.read(
        list_messages, caller, conversation_id, before, after, limit, context.files.address
    )
    return reply(page)


@post("/conversations/{conversation_id:str}/messages", permission=WRITE)
async def post_message(
    context: Context,
    caller: Caller,
    conversation_id: str,
    data: MessageDraft,
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key")] = None,
) -> Envelope[MessageView]:
    """Send an answer or keep a note; a repeat with the same key or client id gets the first answer."""
    at, real_at = clock.now(), clock.real_now()
    answer = await write_once(
        context.database,
        caller,
        f"messages:{conversation_id}",
        idempotency_key,
        data,
        lambda tx: sending.send_message(tx, caller, conversation_id, data, at, real_at, context.files.address),
        MessageView,
    )
    return reply(answer)


@post("/conversations/{conversation_id:str}/messages/{message_id:str}/retries", permission=WRITE)
async def post_retry(
    context: Context, caller: Caller, conversation_id: str, message_id: str, data: Act
) -> Envelope[MessageView]:
    """Send a failed message again."""
    answer = await context.database.write(
        sending.retry_message,
        caller,
        conversation_id,
        message_id,
        clock.now(),
        clock.real_now(),
        context.files.address,
    )
    return reply(answer)


@post("/uploads", permission=WRITE)
async def post_upload(
    context: Context,
    caller: Caller,
    data: MultipartBody[dict[str, UploadFile]],
) -> Envelope[Upload]:
    """Store a picture that will be sent: JPEG, PNG or GIF by its content, 10 MB at most."""
    part = data.get("file")
    if not isinstance(part, UploadFile):
        raise Invalid(fields={"file": "field_missing"})
    content = await part.read()
    if len(content) > UPLOAD_BYTES:
        raise TooLarge(limit=UPLOAD_BYTES)
    media_type = await asyncio.to_thread(_picture_type, content)
    if media_type is None:
        raise Invalid(fields={"file": "picture_invalid"})
    file = await asyncio.to_thread(context.files.store, content, media_type)
    await context.database.write(record_upload, caller, file, media_type, len(content), clock.now())
    upload = Upload(file=file, url=context.files.address(file), media_type=media_type, size=len(content))
    return reply(upload)


def _picture_type(content: bytes) -> str | None:
    """The media type of a picture that can be read through, or None."""
    from PIL import Image, UnidentifiedImageError  # a start need not pay for it

    media_type = sniff_media_type(content)
    if media_type not in PICTURES:
        return None
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return media_type


@get("/message-paths/{message_id:str}", permission=READ)
async def read_message_path(context: Context, caller: Caller, message_id: str) -> Envelope[Items[Step]]:
    """The stations of a message, by its own id or its push's."""
    return reply(Items(items=await context.database.read(message_path, caller, message_id)))


ROUTES = (read_messages, post_message, post_retry, post_upload, read_message_path)

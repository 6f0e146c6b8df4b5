"""Reads a request's body before the framework does: size, type, NUL, nesting. What it refuses never
reaches a route.
"""

from __future__ import annotations

import asyncio
import re

from guanjia.kit.calls import Message, Receive, Scope
from guanjia.kit.errors import BadRequest, TooLarge, UnsupportedMedia

JSON_LIMIT = 1024 * 1024
UPLOAD_LIMIT = 12 * 1024 * 1024
DEPTH_LIMIT = 64
JSON_SECONDS = 20.0
UPLOAD_SECONDS = 120.0

# An escaped NUL; a backslash that is itself escaped is text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def header(scope: Scope, name: bytes) -> bytes:
    """The first value of a header, or empty."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body; TooLarge beyond ``limit`` bytes, before they are all read."""
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(limit=limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("body_incomplete")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit=limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def guarded_receive(scope: Scope, receive: Receive) -> Receive:
    """A ``receive`` that replays a body found acceptable; BadRequest ``body_incomplete`` when it comes too
    slowly.
    """
    kind = header(scope, b"content-type").split(b";", 1)[0].strip().lower()
    is_upload = kind == b"multipart/form-data"
    try:
        async with asyncio.timeout(UPLOAD_SECONDS if is_upload else JSON_SECONDS):
            body = await read_body(scope, receive, UPLOAD_LIMIT if is_upload else JSON_LIMIT)
    except TimeoutError as error:
        raise BadRequest("body_incomplete") from error
    if is_upload:
        # JSON under this name would pass unchecked, and browsers send it across sites without asking.
        if body and not body.lstrip(b"\r\n").startswith(b"--"):
            raise UnsupportedMedia()
    elif body:
        if kind != b"application/json":
            raise UnsupportedMedia()
        check_json(body)
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def check_json(body: bytes) -> None:
    """Refuse what a decoder or a database would choke on: NUL in texts, nesting beyond 64 levels, no UTF-8."""
    if b"\x00" in body or (b"\\u0000" in body and _NUL.search(body)):
        raise BadRequest("text_has_nul")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("json_malformed") from error
    if body.count(b"[") + body.count(b"{") > DEPTH_LIMIT and _depth(body) > DEPTH_LIMIT:
        raise BadRequest("json_too_deep")


def _depth(body: bytes) -> int:
    deepest = depth = 0
    is_text = is_escaped = False
    for byte in body:
        if is_text:
            if is_escaped:
                is_escaped = False
            elif byte == 0x5C:
                is_escaped = True
            elif byte == 0x22:
                is_text = False
        elif byte == 0x22:
            is_text = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            deepest = max(deepest, depth)
        elif byte in (0x5D, 0x7D):
            depth -= 1
    return deepest

"""The built pages (``guanjia/web``) and media files by signed address."""

from __future__ import annotations

import asyncio
import mimetypes
import os
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs

from guanjia.kit.calls import Scope, Send
from guanjia.kit.errors import NotFound, Unavailable
from guanjia.kit.files import INLINE_TYPES, Files
from guanjia.kit.http import header

CHUNK = 256 * 1024
APPS = ("console", "phone")
CSP = (
    b"default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    b"media-src 'self' blob:; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'; "
    b"object-src 'none'"
)
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".woff2": "font/woff2",
}


class Pages:
    """Serves files from disk: html is revalidated, hashed assets are immutable, packed twins are used."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    async def page(self, scope: Scope, path: str, send: Send) -> None:
        """A page of an app; unknown addresses below it are the app's own routes and get its first page."""
        app = path[1:].partition("/")[0]
        is_asset = app == "assets"
        file = _existing(self._folder / path[1:], self._folder / app / "index.html", is_asset)
        await self._send(scope, send, file, b"public, max-age=31536000, immutable" if is_asset else b"no-cache")

    async def media(self, scope: Scope, name: str, send: Send) -> None:
        """A media file by its signed address."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        stored = self._files.open_address(name, query.get("exp", [""])[0], query.get("sig", [""])[0])
        is_inline = stored.media_type in INLINE_TYPES
        headers = [
            (b"content-type", (stored.media_type if is_inline else "application/octet-stream").encode()),
            (b"content-disposition", b"inline" if is_inline else f'attachment; filename="{name}"'.encode()),
            (b"cache-control", b"private, max-age=3600"),
            (b"content-security-policy", b"default-src 'none'; sandbox"),
        ]
        await _stream(send, stored.path, headers)

    async def _send(self, scope: Scope, send: Send, file: Path, cache: bytes) -> None:
        accepted = header(scope, b"accept-encoding")
        media_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = [
            (b"content-type", media_type.encode()),
            (b"cache-control", cache),
            (b"vary", b"accept-encoding"),
        ]
        if file.suffix == ".html":
            headers.append((b"content-security-policy", CSP))
        etag = _etag(file)
        headers.append((b"etag", etag))
        if header(scope, b"if-none-match") == etag:
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        for suffix, coding in ((".br", b"br"), (".gz", b"gzip")):
            packed = file.with_name(file.name + suffix)
            if coding in accepted and packed.is_file():
                headers.append((b"content-encoding", coding))
                file = packed
                break
        await _stream(send, file, headers)


def _existing(file: Path, first_page: Path, is_asset: bool) -> Path:
    """The file, or the app's first page for an address of its own; looked up in the page cache, so not blocking."""
    if _is_file(file):
        return file
    if is_asset:
        raise NotFound()
    if not first_page.is_file():
        raise Unavailable("pages_not_built", retry_after=60)
    return first_page


def _is_file(file: Path) -> bool:
    """Whether there is such a file; a name longer than the system allows names none."""
    try:
        return file.is_file()
    except OSError:
        return False


def _etag(file: Path) -> bytes:
    stat = file.stat()
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'.encode()


def _opened(file: Path) -> tuple[BinaryIO, int]:
    opened = file.open("rb")
    return opened, os.fstat(opened.fileno()).st_size


async def _stream(send: Send, file: Path, headers: list[tuple[bytes, bytes]]) -> None:
    opened, size = _opened(file)
    headers = [*headers, (b"content-length", str(size).encode()), (b"x-content-type-options", b"nosniff")]
    with opened:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        left = size
        while left > 0:
            chunk = await asyncio.to_thread(opened.read, CHUNK) if size > CHUNK else opened.read(CHUNK)
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": left > 0 and bool(chunk)})
            if not chunk:
                return
    if size == 0:
        await send({"type": "http.response.body", "body": b""})

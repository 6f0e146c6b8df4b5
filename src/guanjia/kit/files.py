"""Media files in the local folder: content on disk, the row with the storing service.

An address ``/files/{id}?exp=&sig=`` is served by the gateway after checking the HMAC: short-lived, no database.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from guanjia.kit.database import is_id, new_id
from guanjia.kit.errors import NotFound
from guanjia.kit.secrets import Secrets

ADDRESS_SECONDS = 3600
# What a browser may show in place; anything else is offered as a download.
INLINE_TYPES = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm",
     "audio/wav", "video/mp4"}
)  # fmt: skip
_SUFFIX_TYPES = {
    ".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webp": "image/webp", ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4", ".ogg": "audio/ogg", ".webm": "audio/webm", ".wav": "audio/wav", ".amr": "audio/amr",
    ".speex": "audio/speex", ".mp4": "video/mp4", ".bin": "application/octet-stream",
}  # fmt: skip
_TYPE_SUFFIXES = {media_type: suffix for suffix, media_type in _SUFFIX_TYPES.items()}


@dataclass(frozen=True)
class StoredFile:
    """A file on disk and its media type."""

    path: Path
    media_type: str


class Files:
    """Store, sign and find media files."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        self._folder = folder
        self._secrets = secrets

    def store(self, content: bytes, media_type: str) -> str:
        """Write ``content`` durably; the answer is its id (``uuid`` + suffix). Blocking: call it off the loop."""
        name = new_id() + _TYPE_SUFFIXES.get(media_type, ".bin")
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(path.suffix + ".part")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        for folder in (path.parent, self._folder):  # the name is on disk only when its folder is
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return name

    def address(self, name: str, seconds: int = ADDRESS_SECONDS) -> str:
        """A signed address of the file, good for ``seconds`` of real time (rounded up so that caches can help)."""
        expires = (int(time.time()) // 300 + 1) * 300 + seconds
        return f"/files/{name}?exp={expires}&sig={self._secrets.sign('file', f'{name}:{expires}')}"

    def open_address(self, name: str, expires: str, signature: str) -> StoredFile:
        """The file of a signed address; NotFound when forged, expired or gone."""
        is_fresh = expires.isascii() and expires.isdigit() and len(expires) < 12 and int(expires) >= time.time()
        if not is_fresh or not self._secrets.is_signed("file", f"{name}:{expires}", signature):
            raise NotFound()
        return self.find(name)

    def find(self, name: str) -> StoredFile:
        """The file of an id made by ``store``; NotFound when there is none."""
        identifier, dot, suffix = name.partition(".")
        if not is_id(identifier) or dot + suffix not in _SUFFIX_TYPES:
            raise NotFound()
        path = self._path(name)
        if not path.is_file():
            raise NotFound()
        return StoredFile(path, _SUFFIX_TYPES[dot + suffix])

    def _path(self, name: str) -> Path:
        return self._folder / name[24:26] / name


def sniff_media_type(content: bytes) -> str | None:
    """The media type that the first bytes prove, or None: an upload's own word is never trusted."""
    head = content[:16]
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head.startswith(b"#!AMR"):
        return "audio/amr"
    if head.startswith(b"OggS"):
        return "audio/speex" if b"Speex" in content[:64] else "audio/ogg"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "audio/webm"
    if head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return "audio/mpeg"
    if head[4:8] == b"ftyp":
        return "audio/mp4" if head[8:11] == b"M4A" else "video/mp4"
    return None

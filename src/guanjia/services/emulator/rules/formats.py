"""What a file really is, and what WeChat calls it. An upload's own word is never trusted."""

from __future__ import annotations

from guanjia.kit.files import sniff_media_type
from guanjia.services.emulator.rules.errors import WechatError

MEGABYTE = 1024 * 1024

# type of media/upload → (media types that it takes, byte limit, code when larger)
UPLOADS: dict[str, tuple[frozenset[str], int, int]] = {
    "image": (frozenset({"image/jpeg", "image/png", "image/gif"}), 10 * MEGABYTE, 40009),
    "voice": (frozenset({"audio/amr", "audio/mpeg"}), 2 * MEGABYTE, 40010),
    "video": (frozenset({"video/mp4"}), 10 * MEGABYTE, 40011),
    "thumb": (frozenset({"image/jpeg"}), 64 * 1024, 40012),
}
# media type → format. WeChat's clients record voice as amr or speex; a browser records something else.
_FORMATS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "audio/amr": "amr",
    "audio/speex": "speex",
    "audio/mpeg": "mp3",
    "audio/webm": "webm",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "audio/wav": "wav",
}
_KINDS = {"image": "image", "audio": "voice", "video": "video"}


def check_upload(kind: str, content: bytes) -> str:
    """The true media type of an upload of ``kind``; WechatError when WeChat would not take it."""
    if kind not in UPLOADS:
        raise WechatError(40004)
    if not content:
        raise WechatError(44001)
    accepted, limit, too_large = UPLOADS[kind]
    if len(content) > limit:
        raise WechatError(too_large)
    media_type = sniff_media_type(content)
    if media_type is None:
        raise WechatError(40113)
    if media_type not in accepted:
        raise WechatError(40005)
    return media_type


def check_article_image(content: bytes) -> str:
    """The media type of a picture for media/uploadimg: JPEG or PNG of at most 1 MB."""
    if not content:
        raise WechatError(44001)
    if len(content) > MEGABYTE:
        raise WechatError(40009)
    media_type = sniff_media_type(content)
    if media_type not in ("image/jpeg", "image/png"):
        raise WechatError(40005)
    return media_type


def of_phone(content: bytes, declared: str) -> tuple[str, str, str]:
    """Kind, media type and Format of what a phone recorded; ValueError for what is no picture, voice or video.

    An MP4 container may hold sound alone, which its first bytes don't always tell: there the recorder's word decides.
    """
    media_type = sniff_media_type(content)
    if media_type is None:
        raise ValueError("unknown content")
    is_sound = declared.startswith("audio/")
    if media_type == "video/mp4" and is_sound:
        media_type = "audio/mp4"
    kind = _KINDS[media_type.split("/", 1)[0]]
    return kind, media_type, _FORMATS[media_type]

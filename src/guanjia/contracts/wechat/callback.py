"""WeChat's callback wire format: signatures, cipher, XML and JSON bodies, for both ends of it.

Source: the platform's server configuration documents. Lengths, padding and spellings are tested against known
answers that other libraries give too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

# A parsed body: names to texts, nested mappings, or lists where an element repeats. Numbers stay texts.
Fields = dict[str, Any]

BODY_LIMIT = 1024 * 1024
DEPTH_LIMIT = 16
PADDING = 32
# These repeat, so a single one is a list of one as well.
_LISTS = frozenset({"item", "List"})

_AES_KEY = re.compile(r"[A-Za-z0-9]{43}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}\Z")
_ILLEGAL_BYTES = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ILLEGAL_REFERENCES = re.compile(
    rb"&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef]|d[89a-f][0-9a-f]{2})|0*(?:[0-8]|1[124-9]|2\d|3[01]|6553[45]));",
    re.IGNORECASE,
)
_INVALID_REFERENCE = expat.errors.codes[expat.errors.XML_ERROR_BAD_CHAR_REF]


class MalformedBody(ValueError):
    """The body is no XML or JSON that WeChat would send: not well-formed, a DOCTYPE, too deep, no UTF-8."""


class Undecipherable(ValueError):
    """The text can't be decrypted. Wrong key, padding, length and appid are never told apart."""


def sign(token: str, *parts: str) -> str:
    """The signature over ``token`` and ``parts``: SHA-1 in lower hex of the byte-wise sorted texts joined.

    Parts are timestamp and nonce for ``signature``, and the Encrypt text too for ``msg_signature``.
    """
    joined = b"".join(sorted([token.encode(), *(part.encode("utf-8", "surrogateescape") for part in parts)]))
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def is_signed(signature: str, token: str, *parts: str) -> bool:
    """Whether ``signature`` is that of ``sign``; constant time."""
    expected = sign(token, *parts)
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


def is_aes_key(text: str) -> bool:
    """Whether ``text`` can be an EncodingAESKey: exactly 43 letters and digits."""
    return _AES_KEY.match(text) is not None


def is_token(text: str) -> bool:
    """Whether ``text`` can be a callback token: 3 to 32 letters and digits."""
    return _TOKEN.match(text) is not None


class Cipher:
    """AES-256-CBC as the platform uses it, for one EncodingAESKey and appid.

    The 43rd character of a key carries spare bits, so it is decoded leniently.
    """

    def __init__(self, aes_key: str, appid: str) -> None:
        if not is_aes_key(aes_key):
            raise ValueError("an EncodingAESKey has 43 letters and digits")
        key = base64.b64decode(aes_key + "=")
        self._appid = appid.encode()
        self._cipher = BlockCipher(algorithms.AES(key), modes.CBC(key[:16]))

    def encrypt(self, message: bytes, random: bytes | None = None) -> str:
        """The base64 of ``random`` (16 bytes) ‖ length ‖ ``message`` ‖ appid, padded to a multiple of 32."""
        plain = (random or os.urandom(16)) + len(message).to_bytes(4, "big") + message + self._appid
        pad = PADDING - len(plain) % PADDING
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, text: str) -> bytes:
        """The message inside ``text``; Undecipherable unless made with this key for this appid."""
        try:
            sealed = base64.b64decode(text)
            decryptor = self._cipher.decryptor()
            plain = decryptor.update(sealed) + decryptor.finalize()
        except ValueError as error:
            raise Undecipherable from error
        pad = plain[-1] if plain else 0
        end = len(plain) - pad
        if not 1 <= pad <= PADDING or end < 20 or plain[end:] != bytes([pad]) * pad:
            raise Undecipherable
        length = int.from_bytes(plain[16:20], "big")
        if not hmac.compare_digest(plain[20 + length : end], self._appid):
            raise Undecipherable
        return plain[20 : 20 + length]


def strip_illegal(text: str) -> str:
    """``text`` without the characters that XML 1.0 forbids; real messages hold them."""
    return _ILLEGAL.sub("", text)


def parse_body(body: bytes) -> Fields:
    """The fields of a push or reply, XML or JSON by its first non-blank byte; else MalformedBody."""
    if body[:3] == b"\xef\xbb\xbf":
        body = body[3:]
    start = body.lstrip()[:1]
    if start == b"{":
        return _parse_json(body)
    return parse_xml(body)


def parse_xml(body: bytes) -> Fields:
    """The fields below the root element. Characters illegal in XML 1.0 are dropped, a DOCTYPE is refused."""
    if len(body) > BODY_LIMIT:
        raise MalformedBody("too large")
    body = body.strip().translate(None, _ILLEGAL_BYTES)
    if b"\xef\xbf" in body:
        body = body.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")
    try:
        return _parse_xml(body)
    except expat.ExpatError as error:
        if error.code != _INVALID_REFERENCE:
            raise MalformedBody(str(error)) from error
    try:
        return _parse_xml(_ILLEGAL_REFERENCES.sub(b"", body))
    except expat.ExpatError as error:
        raise MalformedBody(str(error)) from error


def _parse_xml(body: bytes) -> Fields:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    # Of each open element its children, or None while it has none; the first stands around the root.
    stack: list[Fields | None] = [None]
    texts: list[str] = []

    def start(_name: str, _attributes: object) -> None:
        if stack[-1] is None:
            stack[-1] = {}
        if len(stack) > DEPTH_LIMIT:
            raise MalformedBody("too deep")
        stack.append(None)
        texts.clear()

    def end(name: str) -> None:
        children = stack.pop()
        value: Any = "".join(texts) if children is None else children
        texts.clear()
        parent = stack[-1]
        assert parent is not None
        if name in parent:
            present = parent[name]
            if isinstance(present, list):
                present.append(value)
            else:
                parent[name] = [present, value]
        else:
            parent[name] = [value] if name in _LISTS else value

    def refuse(*_arguments: object) -> None:
        raise MalformedBody("a DOCTYPE")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(body, True)
    outer = stack[0] or {}
    for root in outer.values():
        if isinstance(root, dict):
            return root
    return {}


def _parse_json(body: bytes) -> Fields:
    if len(body) > BODY_LIMIT:
        raise MalformedBody("too large")
    try:
        value = json.loads(body.decode(), parse_int=str, parse_float=str, parse_constant=str, strict=False)
    except (ValueError, RecursionError) as error:
        raise MalformedBody("no JSON") from error
    fields = _texts(value, 1)
    assert isinstance(fields, dict)
    return fields


def _texts(value: Any, depth: int) -> Any:
    """A JSON value as the XML form would give it: every scalar a text, illegal characters dropped."""
    if depth > DEPTH_LIMIT:
        raise MalformedBody("too deep")
    if isinstance(value, str):
        return strip_illegal(value)
    if isinstance(value, dict):
        fields = {strip_illegal(name): _texts(item, depth + 1) for name, item in value.items()}
        return {
            name: [item] if name in _LISTS and not isinstance(item, list) else item for name, item in fields.items()
        }
    if isinstance(value, list):
        return [_texts(item, depth + 1) for item in value]
    return "" if value is None else str(value).lower()


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """A field that must be a text; empty when it is missing or something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def build_xml(fields: Mapping[str, Any]) -> bytes:
    """``<xml>`` around ``fields``: texts as CDATA, numbers plain, mappings nested, lists repeated."""
    parts = ["<xml>"]
    _build(parts, fields)
    parts.append("</xml>")
    return "".join(parts).encode()


def _build(parts: list[str], fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, Mapping):
                parts.append(f"<{name}>")
                _build(parts, item)
                parts.append(f"</{name}>")
            elif isinstance(item, str):
                # A CDATA section can't hold its own end; two sections can.
                text = strip_illegal(item).replace("]]>", "]]]]><![CDATA[>")
                parts.append(f"<{name}><![CDATA[{text}]]></{name}>")
            else:
                parts.append(f"<{name}>{item}</{name}>")


def build_encrypted(cipher: Cipher, token: str, message: bytes, timestamp: str, nonce: str) -> bytes:
    """An encrypted reply: Encrypt, MsgSignature, TimeStamp and Nonce around ``message``."""
    sealed = cipher.encrypt(message)
    return build_xml(
        {
            "Encrypt": sealed,
            "MsgSignature": sign(token, timestamp, nonce, sealed),
            "TimeStamp": int(timestamp),
            "Nonce": nonce,
        }
    )

"""Who calls: the ``Caller`` and its signed header.

The gateway (or ``kit/calls`` for service-to-service calls) makes the header, the service checks it: base64url
JSON, a dot, HMAC-SHA256 with the platform key. ``aud`` binds it to one service, ``exp`` to 60 seconds of real time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Literal

import msgspec

from guanjia.kit.errors import NotSignedIn

HEADER = b"x-guanjia-caller"
LIFETIME_SECONDS = 60

CallerKind = Literal["public", "visitor", "customer", "staff", "service"]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, for which company, and the ``subjects`` that the matched permission gives (own id + organisations)."""

    kind: CallerKind
    id: str = ""
    company_id: str = ""
    name: str = ""
    roles: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    on_behalf_of: str = ""
    session_id: str = ""
    locale: str = "zh-CN"

    def as_actor(self) -> str:
        """The id that an audit or a timeline names as the doer."""
        return self.on_behalf_of or self.id


PUBLIC = Caller(kind="public")


class _Claims(msgspec.Struct):
    caller: Caller
    aud: str
    exp: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Claims)


def _mac(key: bytes, payload: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(key, payload, hashlib.sha256))


def sign_caller(key: bytes, caller: Caller, audience: str) -> bytes:
    """The header value that proves ``caller`` to the service ``audience`` for 60 seconds."""
    claims = _Claims(caller=caller, aud=audience, exp=int(time.time()) + LIFETIME_SECONDS)
    payload = base64.urlsafe_b64encode(_encoder.encode(claims))
    return payload + b"." + _mac(key, payload)


def verify_caller(key: bytes, header: bytes, audience: str) -> Caller:
    """The caller of a header made by ``sign_caller``; NotSignedIn when forged, expired or for another service."""
    payload, dot, mac = header.partition(b".")
    if not dot or not hmac.compare_digest(mac, _mac(key, payload)):
        raise NotSignedIn("caller_header_invalid")
    try:
        claims = _decoder.decode(base64.urlsafe_b64decode(payload))
    except (ValueError, msgspec.MsgspecError) as error:
        raise NotSignedIn("caller_header_invalid") from error
    if claims.aud != audience or claims.exp < time.time():
        raise NotSignedIn("caller_header_invalid")
    return claims.caller

"""WeChat's callback, raw ASGI: verify, decrypt, store in one write, answer. Hot path (P1).

Answers are what the platform understands: 200 with ``success`` or a reply, 400 malformed, 403 not from WeChat, 404 no
such account, 413 too large, 503 when the push could not be stored, so that WeChat delivers it again. Bodies of
refusals are empty: whoever probes learns nothing.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from guanjia.contracts.wechat.callback import (
    BODY_LIMIT,
    Cipher,
    Fields,
    MalformedBody,
    Undecipherable,
    build_encrypted,
    is_signed,
    parse_body,
    text_of,
)
from guanjia.kit import clock
from guanjia.kit.calls import App, Receive, Scope, Send
from guanjia.kit.database import new_id
from guanjia.kit.errors import BadRequest, TooLarge
from guanjia.kit.http import read_body
from guanjia.kit.service import Context
from guanjia.services.wechat.actions.accounts import learn_original_id, mark_verified
from guanjia.services.wechat.actions.pushes import Arrival, store_push
from guanjia.services.wechat.dispatch import decide_for
from guanjia.services.wechat.passive import PassiveAnswers
from guanjia.services.wechat.registry import Account, Registry
from guanjia.services.wechat.rules.outbound import passive_xml
from guanjia.services.wechat.rules.pushes import MEDIA_KINDS, Push, read_push
from guanjia.services.wechat.rules.windows import WindowSizes
from guanjia.services.wechat.schemas import MediaIntent
from guanjia.services.wechat.settings import Settings

log = logging.getLogger(__name__)

SUCCESS = b"success"
_PREFIX = "/callbacks/"
_TEXT = [(b"content-type", b"text/plain; charset=utf-8")]
_XML = [(b"content-type", b"application/xml; charset=utf-8")]
_PARAMETERS = frozenset(
    {b"signature", b"timestamp", b"nonce", b"echostr", b"encrypt_type", b"msg_signature", b"openid"}
)


class _Refusal(Exception):
    """The request ends here, with an empty body."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


def build_callback(context: Context) -> App:
    """The ASGI app below ``/callbacks/``."""
    return Callback(context)


class Callback:
    """One installation's callback for all its accounts."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._registry = context.part(Registry)
        self._passive = context.part(PassiveAnswers)
        settings = self._settings = context.settings(Settings)
        self._default_pause = timedelta(seconds=settings.default_reply_pause_seconds)
        self._sizes = WindowSizes(
            message_seconds=settings.message_window_seconds,
            message_count=settings.message_window_count,
            tap_seconds=settings.tap_window_seconds,
            tap_count=settings.tap_window_count,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, headers, body = 200, _TEXT, SUCCESS
        try:
            account = self._registry.account(scope["path"].removeprefix(_PREFIX))
            if account is None or not account.row.is_active:
                raise _Refusal(404)
            query = _parse_query(scope["query_string"])
            if scope["method"] == "GET":
                body = await self._verify(account, query)
            elif scope["method"] == "POST":
                body = await self._take(account, query, scope, receive)
                if body is not SUCCESS:
                    headers = _XML
            else:
                raise _Refusal(405)
        except _Refusal as refusal:
            status, body = refusal.status, b""
        except MalformedBody:
            status, body = 400, b""
        except TooLarge:
            status, body = 413, b""
        except BadRequest:  # the sender went away in the middle
            status, body = 400, b""
        except Exception:
            log.exception("a push could not be stored")
            status, body = 503, b""
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _verify(self, account: Account, query: dict[str, str]) -> bytes:
        """The platform checks the address: the echostr comes back exactly."""
        echo = query.get("echostr", "")
        timestamp, nonce = self._check_time(query), query.get("nonce", "")
        token = account.row.token
        if query.get("encrypt_type") == "aes" and "msg_signature" in query:
            # The other platform of the same maker sends it encrypted.
            if not is_signed(query["msg_signature"], token, timestamp, nonce, echo):
                raise _Refusal(403)
            body = _decrypt(account, echo)[0]
        elif not echo or not is_signed(query.get("signature", ""), token, timestamp, nonce):
            raise _Refusal(403)
        else:
            body = echo.encode("utf-8", "surrogateescape")
        try:
            await self._context.database.write(mark_verified, account.id, clock.now())
        except Exception:
            log.exception("the verification of account %s could not be noted", account.id)
        return body

    async def _take(self, account: Account, query: dict[str, str], scope: Scope, receive: Receive) -> bytes:
        timestamp, nonce = self._check_time(query), query.get("nonce", "")
        row = account.row
        is_encrypted = query.get("encrypt_type", "raw") != "raw"
        # In compat and safe mode WeChat always encrypts: anything else was made without the key.
        if not is_encrypted and (
            row.mode != "plain" or not is_signed(query.get("signature", ""), row.token, timestamp, nonce)
        ):
            raise _Refusal(403)
        raw = await read_body(scope, receive, BODY_LIMIT)
        fields = parse_body(raw)
        cipher: Cipher | None = None
        if is_encrypted:
            sealed = text_of(fields, "Encrypt")
            if not sealed or not is_signed(query.get("msg_signature", ""), row.token, timestamp, nonce, sealed):
                raise _Refusal(403)
            raw, cipher = _decrypt(account, sealed)
            # Plain fields beside it may be anybody's: only what was decrypted counts.
            fields = parse_body(raw)
        at = clock.now()
        arrival = self._arrival(account, read_push(fields, at), fields, raw, cipher, at)
        stored = await self._context.database.write(store_push, arrival)
        if stored.is_new and not row.original_id and arrival.push.original_id:
            await self._learn_original_id(account, arrival.push.original_id)
        reply = stored.reply
        if stored.outcome == "waiting":
            reply = await self._passive.answer(account, arrival, stored.id)
        return SUCCESS if reply is None else reply

    def _arrival(
        self, account: Account, push: Push, fields: Fields, raw: bytes, cipher: Cipher | None, at: datetime
    ) -> Arrival:
        decision = decide_for(self._registry, account, push)
        may_send = account.may("customer_message")
        is_passive = not may_send or any(offer.provider.is_passive for offer in decision.offers)
        push_id = new_id()
        media, media_failure = None, ""
        if push.kind in MEDIA_KINDS:
            media, media_failure = _media(account, push, push_id)
        return Arrival(
            id=push_id,
            company_id=account.company_id,
            account_id=account.id,
            account_name=account.name,
            push=push,
            raw=_storable(raw),
            at=at,
            decision=decision,
            way="passive" if is_passive else "active",
            may_send=may_send,
            seal=_seal(account, push, cipher, at),
            sizes=self._sizes,
            default_pause=self._default_pause,
            asks_data=bool(account.secret) and account.may("users"),
            media=media,
            media_failure=media_failure,
        )

    def _check_time(self, query: dict[str, str]) -> str:
        """The timestamp, refused when the settings ask for fresh ones and it is not."""
        text = query.get("timestamp", "")
        window = self._settings.timestamp_window_seconds
        if window:
            is_number = text.isascii() and text.isdigit() and len(text) <= 12
            if not is_number or abs(clock.real_now().timestamp() - int(text)) > window:
                raise _Refusal(403)
        return text

    async def _learn_original_id(self, account: Account, original_id: str) -> None:
        try:
            await self._context.database.write(learn_original_id, account.id, original_id[:40])
            await self._registry.changed()
        except Exception:
            log.exception("the original id of account %s could not be noted", account.id)


def _parse_query(raw: bytes) -> dict[str, str]:
    """The parameters that count; one that is given twice is refused, so that what is checked is what is used."""
    query: dict[str, str] = {}
    if len(raw) > 8192:
        raise _Refusal(400)
    for part in raw.split(b"&"):
        name, _, value = part.partition(b"=")
        if name in _PARAMETERS:
            key = name.decode()
            if key in query:
                raise _Refusal(400)
            text = value.decode("latin-1")
            query[key] = unquote_plus(text, errors="surrogateescape") if b"%" in value or b"+" in value else text
    return query


def _decrypt(account: Account, sealed: str) -> tuple[bytes, Cipher]:
    """The message and the key that opened it: the current, else the previous one. Failures all look alike."""
    for cipher in account.ciphers:
        try:
            return cipher.decrypt(sealed), cipher
        except Undecipherable:
            continue
    raise _Refusal(403)


def _seal(account: Account, push: Push, cipher: Cipher | None, at: datetime) -> Callable[[dict[str, Any]], bytes]:
    """Makes the body of a passive reply; it is encrypted with the key that opened the push."""

    def seal(fields: dict[str, Any]) -> bytes:
        message = passive_xml(fields, push.openid, push.original_id, int(at.timestamp()))
        if cipher is None:
            return message
        timestamp = str(int(clock.real_now().timestamp()))
        return build_encrypted(cipher, account.row.token, message, timestamp, secrets.token_hex(8))

    return seal


def _media(account: Account, push: Push, push_id: str) -> tuple[MediaIntent | None, str]:
    """What to fetch for a picture, voice or video; or why that can't be."""
    media_id, pic_url = str(push.content.get("media_id", "")), str(push.content.get("pic_url", ""))
    if not account.may("media"):
        media_id = ""
    if not media_id and not pic_url:
        return None, "interface_not_allowed" if not account.may("media") else "media_expired"
    intent = MediaIntent(
        company_id=account.company_id,
        account_id=account.id,
        openid=push.openid,
        push_id=push_id,
        kind=push.kind,
        media_id=media_id,
        pic_url=pic_url,
        format=str(push.content.get("format", "")).lower(),
    )
    return intent, ""


def _storable(raw: bytes) -> str:
    """The decrypted body as text that every database takes."""
    return raw.decode("utf-8", "replace").replace("\x00", "")

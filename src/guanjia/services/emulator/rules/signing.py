"""Requests that WeChat makes to a callback: query and body, signed, and encrypted by the account's mode."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlencode

import msgspec

from guanjia.contracts.wechat import callback

XML_TYPE = "text/xml"


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """What an account and its platform agreed upon."""

    appid: str
    original_id: str
    url: str
    token: str
    aes_key: str
    previous_aes_key: str
    mode: str

    def check(self) -> str | None:
        """The code of what makes signing impossible, or None."""
        if not self.url.startswith(("http://", "https://")):
            return "url_invalid"
        if not callback.is_token(self.token):
            return "token_invalid"
        if self.mode != "plain" and not callback.is_aes_key(self.aes_key):
            return "aes_key_invalid"
        return None

    def verification(self, echostr: str) -> str:
        """The address of the GET that proves who owns it; echostr is in the clear in every mode."""
        return self._address([*self._signed(), ("echostr", echostr)])

    def push(self, openid: str, fields: dict[str, Any]) -> tuple[str, bytes]:
        """Address and body of a push, with a nonce and timestamp of its own."""
        query = self._signed()
        timestamp, nonce = query[1][1], query[2][1]
        query.append(("openid", openid))
        body = callback.build_xml(fields)
        if self.mode == "plain":
            return self._address(query), body
        sealed = callback.Cipher(self.aes_key, self.appid).encrypt(body)
        query += [
            ("encrypt_type", "aes"),
            ("msg_signature", callback.sign(self.token, timestamp, nonce, sealed)),
        ]
        outer = dict(fields) if self.mode == "compat" else {"ToUserName": fields["ToUserName"]}
        return self._address(query), callback.build_xml({**outer, "Encrypt": sealed})

    def _signed(self) -> list[tuple[str, str]]:
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(2_000_000_000))
        return [
            ("signature", callback.sign(self.token, timestamp, nonce)),
            ("timestamp", timestamp),
            ("nonce", nonce),
        ]

    def _address(self, query: list[tuple[str, str]]) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(query)}"

"""What an account's settings must fulfil, and who may change them."""

from __future__ import annotations

import base64
import secrets

from guanjia.contracts.wechat.callback import is_aes_key, is_token
from guanjia.kit.auth import Caller
from guanjia.kit.errors import Forbidden, Invalid


def check_company_wide(caller: Caller) -> None:
    """Accounts and automatic replies speak for the whole company: a permission in a part of it is not enough."""
    if caller.kind == "staff" and caller.company_id not in caller.subjects:
        raise Forbidden("company_wide_only")


def check_token(token: str) -> None:
    """Invalid unless WeChat's console would take the token."""
    if not is_token(token):
        raise Invalid(fields={"token": "token_wrong"})


def check_aes_key(key: str, field: str = "aes_key") -> None:
    """Invalid unless WeChat's console would take the EncodingAESKey."""
    if not is_aes_key(key):
        raise Invalid(fields={field: "aes_key_wrong"})


def check_mode(mode: str, has_aes_key: bool) -> None:
    """Invalid for an encrypting mode without a key."""
    if mode != "plain" and not has_aes_key:
        raise Invalid(fields={"aes_key": "aes_key_needed"})


def new_token() -> str:
    """A callback token for whoever brings none."""
    return secrets.token_hex(16)


def is_same_key(one: str, other: str) -> bool:
    """Whether two spellings are one key: the last character carries spare bits."""
    return base64.b64decode(one + "=") == base64.b64decode(other + "=")

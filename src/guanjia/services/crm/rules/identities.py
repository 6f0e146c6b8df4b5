"""Identities: which kinds there are, how a value is compared, and what of it is shown."""

from __future__ import annotations

from guanjia.kit.phones import mask_phone, plain_phone

WECHAT, UNIONID, PHONE, VISITOR = "wechat", "unionid", "phone", "visitor"
KINDS = (WECHAT, UNIONID, PHONE, VISITOR)
# An openid belongs to one account, a visitor to one widget; a unionid and a phone number to the whole company.
SCOPED_KINDS = (WECHAT, VISITOR)
TAIL = 4


def plain_value(kind: str, value: str) -> str | None:
    """The form by which values of ``kind`` are compared, or None when it can't be one."""
    if kind == PHONE:
        return plain_phone(value)
    value = value.strip()
    return value if 1 <= len(value) <= 128 and value.isprintable() else None


def masked_value(kind: str, plain: str) -> str:
    """What a page may show of a value."""
    if kind == PHONE:
        return mask_phone(plain)
    return plain if len(plain) <= 8 else f"{plain[:4]}…{plain[-4:]}"


def phone_tail(plain: str) -> str:
    """The last four digits of a phone number."""
    return plain[-TAIL:]

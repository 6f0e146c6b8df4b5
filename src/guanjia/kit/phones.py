"""Phone numbers: one written form to compare by, and the masked form that pages show."""

from __future__ import annotations

import re
import unicodedata

_CHINA = re.compile(r"(?:\+86|0086|86)(?=1[3-9]\d{9}\Z)")
_FILL = re.compile(r"[\s().·-]")
_NUMBER = re.compile(r"\+?\d{5,20}\Z")


def plain_phone(text: str) -> str | None:
    """``text`` in one form (digits, a foreign number with its ``+``; Chinese mobiles without country code), or None."""
    plain = _FILL.sub("", unicodedata.normalize("NFKC", text).strip())
    plain = _CHINA.sub("", plain)
    return plain if _NUMBER.match(plain) and len(plain) <= 20 else None


def mask_phone(plain: str) -> str:
    """The number with its middle hidden: ``138****2211``; of a short one only the last digits show."""
    if len(plain) >= 11:
        return f"{plain[:3]}{'*' * (len(plain) - 7)}{plain[-4:]}"
    return f"{'*' * (len(plain) - 3)}{plain[-3:]}"

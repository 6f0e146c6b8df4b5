"""What a login and a password may be (ASVS 6.2: length counts, composition does not)."""

from __future__ import annotations

import re
import secrets
import unicodedata

SHORTEST = 8
LONGEST = 128
_LOGIN = re.compile(r"[\w.@+-]{2,64}\Z")
# Without the letters and digits that people confuse.
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def login_key(login: str) -> str:
    """How logins are compared: width and case don't count."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def login_fault(login: str) -> str | None:
    """Why ``login`` can't be one, as a code, or None."""
    return None if _LOGIN.match(login) and len(login_key(login)) <= 64 else "login_malformed"


def password_fault(password: str, login: str) -> str | None:
    """Why ``password`` is no good for ``login``, as a code, or None."""
    if len(password) < SHORTEST:
        return "password_too_short"
    if len(password) > LONGEST:
        return "password_too_long"
    if login_key(password) == login_key(login):
        return "password_is_login"
    return None


def new_password() -> str:
    """A password to be told once: 16 characters, 92 bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16))

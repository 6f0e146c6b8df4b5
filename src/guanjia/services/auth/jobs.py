"""The work of the start (the first company and its administrator), and timed work.

Once an hour what is over is forgotten. Within a minute after rows or roles changed, the staff whose permissions
changed with them are published again.
"""

from __future__ import annotations

import os
from datetime import datetime

from guanjia.kit import clock
from guanjia.kit.errors import StartRefused
from guanjia.kit.service import Context
from guanjia.kit.words import Words
from guanjia.services.auth.actions.announcements import take_roles
from guanjia.services.auth.actions.companies import found_platform
from guanjia.services.auth.actions.passwords import Passwords
from guanjia.services.auth.actions.sessions import forget_ended
from guanjia.services.auth.actions.staff import republish_staff
from guanjia.services.auth.queries.organisations import has_company
from guanjia.services.auth.rules.passwords import new_password, password_fault
from guanjia.services.auth.rules.roles import all_roles

FIRST_COMPANY = "我的公司"


class FirstSignIn:
    """The sign-in of whoever starts the platform first, to be shown once: kept in memory, never on disk."""

    def __init__(self, _context: Context) -> None:
        self.login = "admin"
        self.password = ""


async def begin(context: Context) -> None:
    """Take over the roles of this release; found the first company when there is none (``GUANJIA_COMPANY``,
    ``GUANJIA_ADMIN_PASSWORD``). StartRefused when that password is no good."""
    await context.database.write(take_roles, all_roles().digest)
    if await context.database.read(has_company):
        return
    first = context.part(FirstSignIn)
    preset = os.environ.get("GUANJIA_ADMIN_PASSWORD", "")
    if preset and (fault := password_fault(preset, first.login)):
        assert context.service.words is not None
        reason = Words([context.service.words]).find(fault, "en", {})[0]
        raise StartRefused(f"GUANJIA_ADMIN_PASSWORD can't be used: {reason}.")
    password = preset or new_password()
    hashed = await context.part(Passwords).hash(password)
    name = os.environ.get("GUANJIA_COMPANY", "").strip() or FIRST_COMPANY
    must_change = not preset and not context.is_demo
    at = clock.real_now()
    if await context.database.write(found_platform, name, first.login, hashed, at, must_change=must_change):
        first.password = password


async def forget(context: Context) -> datetime | None:
    """Forget sessions, tokens and failures that are over."""
    while await context.database.write(forget_ended, clock.real_now()):
        pass
    return None


async def republish(context: Context) -> datetime | None:
    """Publish staff again whose permissions changed with the rows and roles."""
    while await context.database.write(republish_staff):
        pass
    return None

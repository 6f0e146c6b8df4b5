"""Staff, and whoever is signed in."""

import msgspec
from litestar import Response

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.errors import Invalid
from guanjia.kit.http import Done, Envelope, Items, get, patch, post, put, reply
from guanjia.kit.service import Context
from guanjia.services.auth.actions.passwords import Passwords
from guanjia.services.auth.actions.sessions import begin_attempt
from guanjia.services.auth.actions.staff import add_staff, change_own_password, change_staff, reset_password
from guanjia.services.auth.queries.staff import list_staff, show_me, show_staff
from guanjia.services.auth.routes.newcomers import prepare_staff
from guanjia.services.auth.rules.passwords import login_key, new_password, password_fault
from guanjia.services.auth.schemas import (
    Me,
    PasswordChange,
    PasswordReset,
    StaffAdded,
    StaffDraft,
    StaffPatch,
    StaffView,
)

NO_STORE = {"cache-control": "no-store"}


@get("/staff/current", permission="self")
async def show_current(context: Context, caller: Caller) -> Envelope[Me]:
    """The signed-in member of staff."""
    return reply(await context.database.read(show_me, caller.id, caller.locale))


@put("/staff/current/passwords", permission="self")
async def change_current_password(context: Context, caller: Caller, data: PasswordChange) -> Envelope[Done]:
    """Replace one's own password; one's other sessions end. Guessing the old one is throttled like sign-in."""
    me = await context.database.read(show_me, caller.id, caller.locale)
    if fault := password_fault(data.new_password, me.login):
        raise Invalid(fields={"new_password": fault})
    key = login_key(me.login)
    candidate = await context.database.write(begin_attempt, key, f"session:{caller.session_id}", clock.real_now())
    passwords = context.part(Passwords)
    known = candidate.password_hash
    if known is None or not await passwords.check(known, data.old_password):
        raise Invalid(fields={"old_password": "password_wrong"})
    hashed = await passwords.hash(data.new_password)
    await context.database.write(change_own_password, caller, known, hashed, clock.real_now())
    return reply(Done())


@get("/staff", permission="auth.staff.read")
async def index(
    context: Context, caller: Caller, q: str = "", cursor: str | None = None, limit: int = 50
) -> Envelope[Items[StaffView]]:
    """Visible staff, newest first."""
    return reply(await context.database.read(list_staff, caller, q, cursor, limit))


@post("/staff", permission="auth.staff.write")
async def create(context: Context, caller: Caller, data: StaffDraft) -> Response[Envelope[StaffAdded]]:
    """Add somebody; without a password one is made, told in this answer and never again."""
    newcomer, told = await prepare_staff(
        context,
        login=data.login,
        name=data.name,
        organisation_id=data.organisation_id,
        grants=data.grants,
        password=data.password,
        phone=data.phone,
    )
    added = await context.database.write(add_staff, caller, newcomer, clock.real_now())
    added = msgspec.structs.replace(added, initial_password=told)
    return Response(reply(added), status_code=201, headers=NO_STORE)


@get("/staff/{staff_id:str}", permission="auth.staff.read")
async def show(context: Context, caller: Caller, staff_id: str) -> Envelope[StaffView]:
    """One visible member of staff."""
    return reply(await context.database.read(show_staff, caller, staff_id))


@patch("/staff/{staff_id:str}", permission="auth.staff.write")
async def change(context: Context, caller: Caller, staff_id: str, data: StaffPatch) -> Envelope[StaffView]:
    """Change somebody; 409 ``stale_version``, ``last_administrator``; 403 ``role_beyond_yours``."""
    return reply(await context.database.write(change_staff, caller, staff_id, data, clock.real_now()))


@post("/staff/{staff_id:str}/password-resets", permission="auth.staff.write")
async def create_password_reset(context: Context, caller: Caller, staff_id: str) -> Response[Envelope[PasswordReset]]:
    """Give somebody a new password, told in this answer and never again; his sessions end."""
    password = new_password()
    hashed = await context.part(Passwords).hash(password)
    await context.database.write(reset_password, caller, staff_id, hashed, clock.real_now())
    answer = reply(PasswordReset(initial_password=password))
    return Response(answer, status_code=201, headers=NO_STORE)


ROUTES = [
    show_current,
    change_current_password,
    index,
    create,
    show,
    change,
    create_password_reset,
]

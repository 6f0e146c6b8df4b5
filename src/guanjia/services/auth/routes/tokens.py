"""Signing in is creating a token, renewing is updating it, signing out is deleting it (R-PLAT-05)."""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie

from guanjia.contracts.auth import Session
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.errors import NotSignedIn
from guanjia.kit.http import Done, Envelope, delete, get, post, put, reply
from guanjia.kit.service import Context
from guanjia.services.auth.actions.passwords import Passwords
from guanjia.services.auth.actions.sessions import (
    begin_attempt,
    end_session,
    fail_attempt,
    open_session,
    renew_session,
)
from guanjia.services.auth.queries.sessions import verify_token
from guanjia.services.auth.rules.passwords import LONGEST, login_key
from guanjia.services.auth.rules.tokens import (
    ACCESS_LIFE,
    FAMILY_LIFE,
    NewTokens,
    client_mark,
    new_tokens,
    token_hash,
)
from guanjia.services.auth.schemas import Grant, Me, SignIn

COOKIE = "guanjia_refresh"
COOKIE_PATH = "/auth/tokens"
NO_STORE = {"cache-control": "no-store"}


@post("/tokens", callers=("public",))
async def create_token(
    context: Context, caller: Caller, request: Request[Any, Any, Any], data: SignIn
) -> Response[Envelope[Grant]]:
    """Sign in. 401 ``credentials_wrong`` for an unknown login and a wrong password alike; 429 after too many."""
    at = clock.real_now()
    key, address = login_key(data.login), _address(request)
    candidate = await context.database.write(begin_attempt, key, address, at)
    password = data.password[: LONGEST + 1]
    if not await context.part(Passwords).check(candidate.password_hash, password):
        await context.database.write(fail_attempt, candidate, address, at)
        raise NotSignedIn("credentials_wrong")
    fresh = new_tokens()
    me = await context.database.write(open_session, candidate, key, new_id(), fresh, address, at, caller.locale)
    if me is None:
        raise NotSignedIn("credentials_wrong")
    return _granted(context, request, fresh, me, 201)


@put("/tokens", callers=("public",))
async def renew_token(context: Context, caller: Caller, request: Request[Any, Any, Any]) -> Response[Envelope[Grant]]:
    """Turn the refresh token of the cookie into a new pair; 401 ``session_ended`` when it doesn't count."""
    presented = request.cookies.get(COOKIE, "")
    if not presented:
        raise NotSignedIn("session_ended")
    address, fresh = _address(request), new_tokens()
    client = client_mark(address, request.headers.get("user-agent", ""))
    me = await context.database.write(
        renew_session, token_hash(presented), fresh, client, address, clock.real_now(), caller.locale
    )
    if me is None:
        raise NotSignedIn("session_ended")
    return _granted(context, request, fresh, me, 200)


@delete("/tokens/current", permission="self")
async def delete_token(context: Context, caller: Caller, request: Request[Any, Any, Any]) -> Response[Envelope[Done]]:
    """Sign out: the whole session ends, with every token that came of it."""
    await context.database.write(end_session, caller, clock.real_now())
    return Response(reply(Done()), headers=NO_STORE, cookies=[_cookie(context, request, "", 0)])


@get("/verifications/{digest:str}", callers=("service",))
async def verify(context: Context, digest: str) -> Envelope[Session]:
    """What an access token stands for, by its SHA-256; 401 when it doesn't count."""
    return reply(await context.database.read(verify_token, digest, clock.real_now()))


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


def _cookie(context: Context, request: Request[Any, Any, Any], value: str, seconds: int) -> Cookie:
    is_secure = request.scope["scheme"] == "https" or context.base_url.startswith("https:")
    return Cookie(
        key=COOKIE,
        value=value,
        max_age=seconds,
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=is_secure,
    )


def _granted(
    context: Context, request: Request[Any, Any, Any], fresh: NewTokens, me: Me, status: int
) -> Response[Envelope[Grant]]:
    seconds = int(ACCESS_LIFE.total_seconds())
    grant = Grant(access_token=fresh.access, expires_in_seconds=seconds, staff=me)
    cookie = _cookie(context, request, fresh.refresh, int(FAMILY_LIFE.total_seconds()))
    return Response(reply(grant), status_code=status, headers=NO_STORE, cookies=[cookie])


ROUTES = [create_token, renew_token, delete_token, verify]

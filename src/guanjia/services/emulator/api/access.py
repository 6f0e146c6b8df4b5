"""Who calls: access tokens of both families, quotas, permissions; and the interfaces about them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Prepared, Transaction, lock
from guanjia.services.emulator.api.call import OK, Answer, Call, Interface, text_of
from guanjia.services.emulator.models import quotas, requests, tokens
from guanjia.services.emulator.queries.accounts import find_account
from guanjia.services.emulator.rules import interfaces
from guanjia.services.emulator.rules.errors import WechatError

_TOKEN = Prepared(sa.select(tokens).where(tokens.c.token == sa.bindparam("token")))
_QUOTA = Prepared(
    sa.select(quotas.c.used).where(
        quotas.c.appid == sa.bindparam("appid"),
        quotas.c.day == sa.bindparam("day"),
        quotas.c.interface == sa.bindparam("interface"),
    )
)

TOKEN_LENGTH = 200
FORCE_SECONDS = 30
KNOWN_ADDRESSES = ["127.0.0.1", "::1"]


def account_of_token(tx: Transaction, token: str, at: datetime) -> Row[Any]:
    """The account that a token stands for; 41001, 40001 or 42001. Tokens live in real time."""
    if not token:
        raise WechatError(41001)
    if len(token) > TOKEN_LENGTH or "\x00" in token:
        raise WechatError(40001)
    row = tx.hot_one(_TOKEN, token=token)
    if row is None:
        raise WechatError(40001)
    if row.expires_at <= at:
        raise WechatError(42001)
    if row.replaced_until is not None and row.replaced_until <= at:
        raise WechatError(40001)
    account = find_account(tx, row.appid)
    if account is None:
        raise WechatError(40001)
    return account


def count_call(tx: Transaction, call: Call, appid: str) -> None:
    """Count a call against its interface's daily quota; 45009 beyond it. Failed calls count too."""
    quota = interfaces.quota_of(call.path)
    if quota is not None:
        _count(tx, call, appid, interfaces.china_day(call.at), quota)


def _count(tx: Transaction, call: Call, appid: str, day: str, quota: interfaces.Quota) -> None:
    same = (quotas.c.appid == appid) & (quotas.c.day == day) & (quotas.c.interface == quota.interface)
    if tx.execute(quotas.update().where(same).values(used=quotas.c.used + 1)).rowcount == 0:
        values = {"appid": appid, "day": day, "interface": quota.interface, "used": 1}
        if not tx.insert_new(quotas, values):
            tx.execute(quotas.update().where(same).values(used=quotas.c.used + 1))
    used = int(tx.hot_one(_QUOTA, appid=appid, day=day, interface=quota.interface).used)
    if used > call.faults.quotas.get(quota.interface, quota.limit):
        raise WechatError(45009)


def check_permission(call: Call, account: Row[Any]) -> None:
    """48001 when accounts of this kind lack the interface (R-WX-22)."""
    if not interfaces.may_call(account.kind, call.path):
        raise WechatError(48001)


def _owner(tx: Transaction, appid: Any, secret: Any, grant_type: Any = "client_credential") -> Row[Any]:
    if grant_type != "client_credential":
        raise WechatError(40002)
    if not appid:
        raise WechatError(41002)
    account = find_account(tx, appid) if isinstance(appid, str) else None
    if account is None:
        raise WechatError(40013)
    if not secret:
        raise WechatError(41004)
    given = secret.encode(errors="replace") if isinstance(secret, str) else b""
    if not secrets.compare_digest(given, account.secret.encode()):
        raise WechatError(40125)
    return account


def _issue(tx: Transaction, call: Call, appid: str, family: str) -> str:
    token = f"{90 + len(family)}_{secrets.token_urlsafe(102)}"
    expires_at = call.real_at + timedelta(seconds=call.settings.token_seconds)
    tx.execute(
        tokens.insert().values(
            token=token, appid=appid, family=family, issued_at=call.real_at, expires_at=expires_at, replaced_until=None
        )
    )
    return token


def _replace(tx: Transaction, appid: str, family: str, until: datetime) -> None:
    current = (tokens.c.appid == appid) & (tokens.c.family == family) & tokens.c.replaced_until.is_(None)
    tx.execute(tokens.update().where(current).values(replaced_until=until))


def token(tx: Transaction, call: Call) -> Answer:
    """A new token each time; the one before lives five minutes longer."""
    account = _owner(tx, call.text("appid"), call.text("secret"), call.text("grant_type"))
    lock(tx, "tokens", account.appid)
    count_call(tx, call, account.appid)
    _replace(tx, account.appid, "plain", call.real_at + timedelta(seconds=call.settings.token_grace_seconds))
    return {
        "access_token": _issue(tx, call, account.appid, "plain"),
        "expires_in": call.settings.token_seconds,
    }


def stable_token(tx: Transaction, call: Call) -> Answer:
    """The same token while it is good; a new one in its last five minutes, or at once when forced."""
    body = call.json()
    account = _owner(tx, body.get("appid"), body.get("secret"), body.get("grant_type"))
    is_forced = body.get("force_refresh") in (True, "true", 1)
    lock(tx, "tokens", account.appid)
    count_call(tx, call, account.appid)
    newest = tx.one(
        sa.select(tokens)
        .where(tokens.c.appid == account.appid, tokens.c.family == "stable", tokens.c.replaced_until.is_(None))
        .order_by(tokens.c.issued_at.desc())
        .limit(1)
    )
    grace = timedelta(seconds=call.settings.token_grace_seconds)
    if is_forced:
        if newest is not None and call.real_at - newest.issued_at < timedelta(seconds=FORCE_SECONDS):
            raise WechatError(45011)
        day = interfaces.china_day(call.at)
        _count(tx, call, account.appid, day, interfaces.quotas()["stable_token_force"])
        _replace(tx, account.appid, "stable", call.real_at)
    elif newest is not None and newest.expires_at - call.real_at > grace:
        left = int((newest.expires_at - call.real_at).total_seconds())
        return {"access_token": newest.token, "expires_in": left}
    elif newest is not None:
        _replace(tx, account.appid, "stable", max(call.real_at, newest.expires_at))
    return {
        "access_token": _issue(tx, call, account.appid, "stable"),
        "expires_in": call.settings.token_seconds,
    }


def addresses(_tx: Transaction, _call: Call) -> Answer:
    """Where WeChat's requests come from."""
    return {"ip_list": KNOWN_ADDRESSES}


def check_callback(_tx: Transaction, call: Call) -> Answer:
    """What the console's network check shows."""
    body = call.json()
    if body.get("action") not in ("all", "dns", "ping"):
        raise WechatError(40201)
    operator = body.get("check_operator", "DEFAULT")
    if operator not in ("CHINANET", "UNICOM", "CAP", "DEFAULT"):
        raise WechatError(40202)
    answer: dict[str, Any] = {}
    if body["action"] in ("all", "dns"):
        answer["dns"] = [{"ip": "127.0.0.1", "real_operator": "UNICOM"}]
    if body["action"] in ("all", "ping"):
        answer["ping"] = [{"ip": "127.0.0.1", "from_operator": operator, "package_loss": "0%", "time": "1.2ms"}]
    return answer


def clear_quota(tx: Transaction, call: Call) -> Answer:
    """Set all of today's counters to nought, ten times a month."""
    if text_of(call.json().get("appid"), 40013) != call.appid:
        raise WechatError(40013)
    return _clear(tx, call, call.appid)


def clear_quota_by_secret(tx: Transaction, call: Call) -> Answer:
    """The same without a token."""
    body = call.json()
    account = _owner(tx, body.get("appid"), body.get("appsecret"))
    return _clear(tx, call, account.appid)


def _clear(tx: Transaction, call: Call, appid: str) -> Answer:
    day = interfaces.china_day(call.at)
    try:
        _count(tx, call, appid, day[:7], interfaces.quotas()["clear_quota"])
    except WechatError as error:
        raise WechatError(48006) from error
    tx.execute(quotas.update().where(quotas.c.appid == appid, quotas.c.day == day).values(used=0))
    return OK


def get_quota(tx: Transaction, call: Call) -> Answer:
    """How much of a path's quota was used today."""
    path = text_of(call.json().get("cgi_path"), 76021)
    quota = interfaces.quota_of("/" + path.strip("/"))
    if quota is None:
        raise WechatError(76021)
    limit = call.faults.quotas.get(quota.interface, quota.limit)
    used = tx.scalar(
        sa.select(quotas.c.used).where(
            quotas.c.appid == call.appid,
            quotas.c.day == interfaces.china_day(call.at),
            quotas.c.interface == quota.interface,
        )
    )
    spent = min(int(used or 0), limit)
    return {**OK, "quota": {"daily_limit": limit, "used": spent, "remain": limit - spent}}


def get_request(tx: Transaction, call: Call) -> Answer:
    """What was asked and answered under a request id."""
    rid = text_of(call.json().get("rid"), 76001)
    if not 0 < len(rid) <= 40:
        raise WechatError(76001)
    row = tx.one(sa.select(requests).where(requests.c.rid == rid, requests.c.appid == call.appid))
    if row is None:
        raise WechatError(76003)
    return {
        **OK,
        "request": {
            "invoke_time": int(row.at.timestamp()),
            "cost_in_ms": row.cost_in_ms,
            "request_url": row.url,
            "request_body": row.body,
            "response_body": row.answer,
            "client_ip": row.client,
        },
    }


INTERFACES = (
    Interface("/cgi-bin/token", token, "GET", needs_token=False),
    Interface("/cgi-bin/stable_token", stable_token, needs_token=False),
    Interface("/cgi-bin/getcallbackip", addresses, "GET"),
    Interface("/cgi-bin/get_api_domain_ip", addresses, "GET"),
    Interface("/cgi-bin/callback/check", check_callback),
    Interface("/cgi-bin/clear_quota", clear_quota),
    Interface("/cgi-bin/clear_quota/v2", clear_quota_by_secret, needs_token=False),
    Interface("/cgi-bin/openapi/quota/get", get_quota),
    Interface("/cgi-bin/openapi/rid/get", get_request),
)

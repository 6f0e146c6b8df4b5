"""Serves WeChat's API: by path only, whatever the host; status 200 whatever the error (the body carries errcode)."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from guanjia.kit import clock
from guanjia.kit.calls import App, Receive, Scope, Send
from guanjia.kit.database import Transaction
from guanjia.kit.errors import GuanjiaError, TooLarge
from guanjia.kit.http import header, read_body
from guanjia.kit.service import Context
from guanjia.services.emulator.api import access, customer, materials, menus, qrcodes, tags, templates, users
from guanjia.services.emulator.api.call import Answer, Call, Interface
from guanjia.services.emulator.demo import Switches, only_in_demo_mount
from guanjia.services.emulator.models import requests
from guanjia.services.emulator.rules.bodies import UPLOAD_LIMIT
from guanjia.services.emulator.rules.errors import WechatError
from guanjia.services.emulator.rules.identity import new_rid
from guanjia.services.emulator.settings import EmulatorSettings

log = logging.getLogger(__name__)

JSON_TYPE = b"application/json; encoding=utf-8"
KEPT = 2000
SEND_PATHS = frozenset({"/cgi-bin/message/custom/send", "/cgi-bin/message/template/send"})

INTERFACES: dict[str, Interface] = {
    one.path: one
    for module in (access, customer, materials, menus, qrcodes, tags, templates, users)
    for one in module.INTERFACES
}


def wechat_api(context: Context) -> App:
    """The raw app below ``/cgi-bin``, ``/customservice`` and the others of WeChat's roots."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        faults = context.part(Switches).faults
        if faults.is_api_down:
            await _send(send, 502, b"text/html", b"<html><body>502 Bad Gateway</body></html>")
            return
        rid = new_rid()
        try:
            body = await read_body(scope, receive, UPLOAD_LIMIT)
        except TooLarge:
            await _send(send, 413, b"text/html", b"<html><body>413 Request Entity Too Large</body></html>")
            return
        call = Call(
            path=scope["path"].rstrip("/") or "/", method=scope["method"], query=_query(scope["query_string"]),
            content_type=header(scope, b"content-type").decode("latin-1"), body=body, at=clock.now(),
            real_at=clock.real_now(), rid=rid, base_url=context.base_url,
            settings=context.settings(EmulatorSettings), faults=faults, address_of=context.files.address,
            client=str(scope["client"][0]) if scope.get("client") else "",
        )  # fmt: skip
        try:
            answer = await _answer(context, call)
        except WechatError as error:
            answer = error.answer(rid)
        except GuanjiaError as error:
            # A value that no column takes, or a database that is away for the moment.
            answer = WechatError(40035 if error.status < 500 else -1).answer(rid)
        except Exception:
            log.exception("%s failed", call.path)
            answer = WechatError(-1).answer(rid)
        if faults.answer_delay_seconds:
            await asyncio.sleep(faults.answer_delay_seconds)
        await _respond(context, answer, call, send)

    return only_in_demo_mount(context, app)


def _query(raw: bytes) -> dict[str, str]:
    """Query parameters; of a repeated one the first."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True, errors="replace"):
        found.setdefault(name, value)
    return found


async def _answer(context: Context, call: Call) -> Answer:
    interface = INTERFACES.get(call.path)
    if interface is None:
        raise WechatError(40066)
    if interface.method == "POST" and call.method != "POST":
        raise WechatError(43002)
    if interface.before is not None:
        refusal = await context.database.write(_admitted, interface, call)
        if refusal is not None:
            raise refusal
        await interface.before(context, call)
    return await context.database.write(_run, interface, call)


def _admit(tx: Transaction, interface: Interface, call: Call) -> None:
    """Token, fault switches, quota, permission; WechatError."""
    if interface.needs_token:
        call.account = access.account_of_token(tx, call.text("access_token"), call.real_at)
    errcode = call.faults.errcodes.get(call.path) or call.faults.errcodes.get("*") or 0
    if call.path in SEND_PATHS:
        errcode = call.faults.send_errcode or errcode
    if errcode:
        raise WechatError(errcode)
    if call.account is not None:
        access.count_call(tx, call, call.account.appid)
        access.check_permission(call, call.account)


def _admitted(tx: Transaction, interface: Interface, call: Call) -> WechatError | None:
    """The refusal is returned, not raised: what was counted stays counted."""
    try:
        _admit(tx, interface, call)
    except WechatError as error:
        _keep(tx, call, error.answer(call.rid), 0)
        return error
    return None


def _run(tx: Transaction, interface: Interface, call: Call) -> Answer:
    """The call in one transaction. An interface checks before it writes, so that its refusal leaves nothing behind
    but the count."""
    began = time.monotonic()
    try:
        if interface.before is None:
            _admit(tx, interface, call)
        return interface.handler(tx, call)
    except WechatError as error:
        answer = error.answer(call.rid)
        _keep(tx, call, answer, round((time.monotonic() - began) * 1000))
        return answer


def _keep(tx: Transaction, call: Call, answer: dict[str, Any], cost_in_ms: int) -> None:
    """Keep a refused call for rid/get; the token is no part of it."""
    if call.account is None:
        return
    body = call.body[:KEPT].decode("utf-8", "replace").replace("\x00", "\ufffd")
    tx.execute(
        requests.insert().values(
            rid=call.rid, appid=call.account.appid, at=call.real_at, cost_in_ms=cost_in_ms,
            url=call.path, body=body, answer=msgspec.json.encode(answer).decode(), client=call.client[:64],
        )
    )  # fmt: skip


async def _respond(context: Context, answer: Answer, call: Call, send: Send) -> None:
    if isinstance(answer, dict):
        await _send(send, 200, JSON_TYPE, msgspec.json.encode(answer))
        return
    content = answer.content
    if answer.file:
        content = await asyncio.to_thread(context.files.find(answer.file).path.read_bytes)
    headers = []
    if answer.name:
        name = "".join(one if one.isascii() and one.isprintable() and one not in '"\\' else "_" for one in answer.name)
        headers.append((b"content-disposition", f'attachment; filename="{name}"'.encode()))
    status = 200 if answer.media_type else 404
    await _send(send, status, answer.media_type.encode() or b"text/html", content, headers)


async def _send(
    send: Send, status: int, content_type: bytes, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    every = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": body})

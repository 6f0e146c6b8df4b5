"""What came of a push: each delivery is recorded, a passive reply is shown, a failure is told to the user."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.kit.database import Prepared, Transaction
from guanjia.services.emulator.actions import chats
from guanjia.services.emulator.models import pushes, tries
from guanjia.services.emulator.queries.accounts import find_media
from guanjia.services.emulator.queries.phones import view_pushes
from guanjia.services.emulator.rules.replies import PassiveReply
from guanjia.services.emulator.schemas import Verdict

BODY_KEPT = 4096
_PUSH = Prepared(sa.select(pushes).where(pushes.c.id == sa.bindparam("id")))
OUT_OF_SERVICE = "该公众号暂时无法提供服务，请稍后再试"
# Nobody looks at the chat when these happen.
_SILENT = frozenset({"unsubscribe", "LOCATION", "VIEW", "TEMPLATESENDJOBFINISH"})


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery: when, what came back (``status`` 0: nothing), what it means, and whether it was the last one."""

    push_id: str
    number: int
    at: datetime
    status: int = 0
    latency_ms: int = 0
    body: str = ""
    verdict: Verdict
    is_last: bool
    reply: PassiveReply | None = None


def record_try(tx: Transaction, done: Delivered, media_after: datetime, at: datetime) -> Verdict:
    """Record a delivery and, with the last one, what the phone shows; the answer is the verdict after all checks.

    A reply whose media the account doesn't have is a bad answer.
    """
    row = tx.hot_one(_PUSH, id=done.push_id)
    if row is None or row.state != "pending":
        return done.verdict
    fan = chats.lock_fan(tx, row.appid, row.openid)
    verdict, file = done.verdict, ""
    if done.reply is not None and done.reply.media_id:
        kinds = ("image",) if done.reply.kind == "image" else ("voice",) if done.reply.kind == "voice" else ("video",)
        medium = find_media(tx, row.appid, done.reply.media_id, kinds, media_after)
        if medium is None:
            verdict = "bad_body"
        else:
            file = medium.file
    tx.insert(
        tries,
        {
            "push_id": done.push_id,
            "number": done.number,
            "at": done.at,
            "status": done.status,
            "latency_ms": done.latency_ms,
            "body": done.body.replace("\x00", "\ufffd")[:BODY_KEPT],
            "verdict": verdict,
        },
    )
    is_success = verdict in ("success", "reply", "transfer")
    values: dict[str, Any] = {"tries": done.number}
    if done.is_last:
        values |= {"state": "delivered" if is_success else "failed", "finished_at": at}
    tx.update(pushes, {"id": done.push_id}, values)
    if fan is not None:
        if done.is_last:
            _show(tx, fan, row, done, verdict, file, at)
        (view,) = view_pushes(tx, tx.hot_rows(_PUSH, id=done.push_id))
        chats.tell_phone(tx, fan, "push_changed", {"push": msgspec.to_builtins(view)}, at)
    return verdict


def _show(
    tx: Transaction, fan: chats.Fan, push: Row[Any], done: Delivered, verdict: Verdict, file: str, at: datetime
) -> None:
    if verdict == "reply" and done.reply is not None and fan.is_following:
        chats.say(tx, fan, "account", done.reply.kind, done.reply.content, at, file=file)
    elif verdict not in ("success", "reply", "transfer", "not_configured") and push.kind not in _SILENT:
        chats.say(tx, fan, "system", "notice", {"code": "service_unavailable", "text": OUT_OF_SERVICE}, at)

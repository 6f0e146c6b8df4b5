"""Template messages."""

from __future__ import annotations

import re
import secrets
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from guanjia.kit.database import Transaction
from guanjia.services.emulator.actions import chats
from guanjia.services.emulator.api.call import OK, Answer, Call, Interface, text_of
from guanjia.services.emulator.api.customer import fan_to_write
from guanjia.services.emulator.models import templates
from guanjia.services.emulator.rules.bubbles import text_in
from guanjia.services.emulator.rules.errors import WechatError
from guanjia.services.emulator.rules.identity import new_number

TEMPLATES = 25
_FILE = Path(__file__).parent.parent / "data" / "templates.toml"
_LINE = re.compile(r"([^\n{}：:]*)[：:]\s*\{\{\s*(\w+)\.DATA\s*\}\}")
_PLACE = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
# Not shown any more since 2023, and so not needed.
_HIDDEN = frozenset({"first", "remark"})


@cache
def library() -> dict[str, dict[str, str]]:
    """The templates that can be taken into an account, by short id."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _mine(tx: Transaction, call: Call) -> list[Any]:
    return list(tx.rows(sa.select(templates).where(templates.c.appid == call.appid).order_by(templates.c.template_id)))


def add(tx: Transaction, call: Call) -> Answer:
    """Take a template out of the library."""
    source = library().get(text_of(call.json().get("template_id_short"), 40037))
    if source is None:
        raise WechatError(40037)
    if len(_mine(tx, call)) >= TEMPLATES:
        raise WechatError(45026)
    template_id = secrets.token_urlsafe(32)
    tx.execute(templates.insert().values(appid=call.appid, template_id=template_id, **source))
    return {**OK, "template_id": template_id}


def show(tx: Transaction, call: Call) -> Answer:
    """All templates of the account."""
    return {
        "template_list": [
            {
                "template_id": row.template_id,
                "title": row.title,
                "primary_industry": "IT科技",
                "deputy_industry": "互联网|电子商务",
                "content": row.content,
                "example": row.example,
            }
            for row in _mine(tx, call)
        ]
    }


def _template(tx: Transaction, call: Call, value: Any) -> Any:
    template_id = text_of(value, 40037)
    row = next((one for one in _mine(tx, call) if one.template_id == template_id), None)
    if row is None:
        raise WechatError(40037)
    return row


def delete(tx: Transaction, call: Call) -> Answer:
    """Give a template back."""
    row = _template(tx, call, call.json().get("template_id"))
    tx.execute(templates.delete().where(templates.c.appid == call.appid, templates.c.template_id == row.template_id))
    return OK


def send(tx: Transaction, call: Call) -> Answer:
    """A template message to a follower; what became of it is pushed as TEMPLATESENDJOBFINISH."""
    body = call.json()
    fan = fan_to_write(tx, call, body.get("touser"))
    template = _template(tx, call, body.get("template_id"))
    data = body.get("data")
    if not isinstance(data, dict):
        raise WechatError(47003)
    if not fan.is_following:
        raise WechatError(43004)
    shown = []
    for name in _PLACE.findall(template.content):
        value = text_in(data.get(name), "value")
        if not value and name not in _HIDDEN:
            raise WechatError(47003, f"argument invalid! data.{name}.value is empty")
    for label, name in _LINE.findall(template.content):
        shown.append({"name": label.strip(), "value": text_in(data.get(name), "value")})
    content = {"title": template.title, "items": shown, "url": text_in(body, "url")}
    number = new_number()
    message_id = chats.say(tx, fan, "account", "template", content, call.at)
    fields = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": number, "Status": "success"}
    chats.push(tx, call.account, fan.openid, "event", fields, call.at, message_id)  # type: ignore[arg-type]  # admitted
    return {**OK, "msgid": number}


INTERFACES = (
    Interface("/cgi-bin/template/api_add_template", add),
    Interface("/cgi-bin/template/get_all_private_template", show, "GET"),
    Interface("/cgi-bin/template/del_private_template", delete),
    Interface("/cgi-bin/message/template/send", send),
)

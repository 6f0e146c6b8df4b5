"""Tags, the legacy groups (which are tags of which a fan has at most one), and the blacklist."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from guanjia.kit.database import Transaction, lock
from guanjia.services.emulator.api.call import OK, Answer, Call, Interface, list_of_openids, number_of, text_of
from guanjia.services.emulator.models import fans, taggings, tags
from guanjia.services.emulator.queries.accounts import find_fan
from guanjia.services.emulator.rules.errors import WechatError

NAME = 30
TAGS = 100
TAGS_OF_FAN = 20
FIRST = 100
PAGE = 10_000
RESERVED = frozenset({0, 1, 2})
STARRED = 2
GROUPS = ((0, "未分组"), (1, "黑名单"), (STARRED, "星标组"))


def _tags(tx: Transaction, call: Call) -> list[Row[Any]]:
    return list(tx.rows(sa.select(tags).where(tags.c.appid == call.appid).order_by(tags.c.id)))


def _counts(tx: Transaction, call: Call) -> dict[int, int]:
    number = sa.func.count().label("number")
    mine = sa.select(taggings.c.tag_id, number).where(taggings.c.appid == call.appid).group_by(taggings.c.tag_id)
    return {int(row.tag_id): int(row.number) for row in tx.rows(mine)}


def _name(value: Any, bad: int, too_long: int) -> str:
    name = text_of(value, bad).strip()
    if not name:
        raise WechatError(bad)
    if len(name) > NAME:
        raise WechatError(too_long)
    return name


def _inner(call: Call, name: str, errcode: int) -> dict[str, Any]:
    value = call.json().get(name)
    if not isinstance(value, dict):
        raise WechatError(errcode)
    return value


def _add(tx: Transaction, call: Call, name: str, taken: int, too_many: int) -> int:
    lock(tx, "tags", call.appid)
    rows = _tags(tx, call)
    if any(row.name == name for row in rows):
        raise WechatError(taken)
    if len(rows) >= TAGS:
        raise WechatError(too_many)
    number: int = max([FIRST - 1, *(row.id for row in rows)]) + 1
    tx.execute(tags.insert().values(appid=call.appid, id=number, name=name))
    return number


def _row(tx: Transaction, call: Call, number: int, unknown: int) -> Row[Any]:
    row = tx.one(sa.select(tags).where(tags.c.appid == call.appid, tags.c.id == number))
    if row is None:
        raise WechatError(unknown)
    return row


def _known(tx: Transaction, call: Call, value: Any) -> int:
    """The id of a tag that fans can have; 45159."""
    number = number_of(value, 45159)
    if number == STARRED:
        return STARRED
    _row(tx, call, number, 45159)
    return number


def create(tx: Transaction, call: Call) -> Answer:
    """A new tag."""
    name = _name(_inner(call, "tag", 45157).get("name"), 45157, 45158)
    return {"tag": {"id": _add(tx, call, name, 45157, 45056), "name": name}}


def show(tx: Transaction, call: Call) -> Answer:
    """All tags with the number of their fans."""
    counts = _counts(tx, call)
    every = [GROUPS[-1], *((row.id, row.name) for row in _tags(tx, call))]
    return {"tags": [{"id": number, "name": name, "count": counts.get(number, 0)} for number, name in every]}


def update(tx: Transaction, call: Call) -> Answer:
    """Another name."""
    body = _inner(call, "tag", 45157)
    number = number_of(body.get("id"), 45159)
    if number in RESERVED:
        raise WechatError(45058)
    name = _name(body.get("name"), 45157, 45158)
    lock(tx, "tags", call.appid)
    if any(row.name == name and row.id != number for row in _tags(tx, call)):
        raise WechatError(45157)
    _row(tx, call, number, 45159)
    tx.execute(tags.update().where(tags.c.appid == call.appid, tags.c.id == number).values(name=name))
    return OK


def delete(tx: Transaction, call: Call) -> Answer:
    """Remove a tag from everybody, and itself."""
    number = number_of(_inner(call, "tag", 45159).get("id"), 45159)
    if number in RESERVED:
        raise WechatError(45058)
    _row(tx, call, number, 45159)
    _drop(tx, call, number)
    return OK


def _drop(tx: Transaction, call: Call, number: int) -> None:
    tx.execute(taggings.delete().where(taggings.c.appid == call.appid, taggings.c.tag_id == number))
    tx.execute(tags.delete().where(tags.c.appid == call.appid, tags.c.id == number))


def page_of_openids(tx: Transaction, statement: sa.Select[Any], column: ColumnElement[str], after: str) -> Answer:
    """A page of openids: ``count``, ``data`` and ``next_openid``; past the last one no ``data`` at all."""
    if after:
        statement = statement.where(column > after)
    openids = [row[0] for row in tx.rows(statement.order_by(column).limit(PAGE))]
    answer: dict[str, Any] = {"count": len(openids)}
    if openids:
        answer["data"] = {"openid": openids}
    answer["next_openid"] = openids[-1] if openids else ""
    return answer


def show_members(tx: Transaction, call: Call) -> Answer:
    """Fans with a tag."""
    body = call.json() if call.method == "POST" else dict(call.query)
    number = _known(tx, call, body.get("tagid"))
    after = text_of(body.get("next_openid") or "", 40003)
    statement = sa.select(taggings.c.openid).where(taggings.c.appid == call.appid, taggings.c.tag_id == number)
    return page_of_openids(tx, statement, taggings.c.openid, after[:40])


def _fans(tx: Transaction, call: Call, openids: list[str]) -> list[Row[Any]]:
    found = [find_fan(tx, call.appid, openid) for openid in openids]
    if any(fan is None for fan in found):
        raise WechatError(40003)
    return [fan for fan in found if fan is not None]


def tag_ids(tx: Transaction, appid: str, openid: str) -> list[int]:
    """Ids of a fan's tags."""
    statement = sa.select(taggings.c.tag_id).where(taggings.c.appid == appid, taggings.c.openid == openid)
    return sorted(row[0] for row in tx.rows(statement))


def add_members(tx: Transaction, call: Call) -> Answer:
    """Give a tag to at most 50 fans; 45059 when one of them has 20 others."""
    body = call.json()
    openids = list_of_openids(body.get("openid_list"), 50)
    number = _known(tx, call, body.get("tagid"))
    lock(tx, "tags", call.appid)
    missing = []
    for openid in {fan.openid for fan in _fans(tx, call, openids)}:
        present = tag_ids(tx, call.appid, openid)
        if number in present:
            continue
        if len(present) >= TAGS_OF_FAN:
            raise WechatError(45059)
        missing.append({"appid": call.appid, "tag_id": number, "openid": openid})
    if missing:
        tx.execute(taggings.insert(), missing)
    return OK


def remove_members(tx: Transaction, call: Call) -> Answer:
    """Take a tag from at most 50 fans."""
    body = call.json()
    openids = list_of_openids(body.get("openid_list"), 50)
    number = _known(tx, call, body.get("tagid"))
    _fans(tx, call, openids)
    mine = (taggings.c.appid == call.appid) & (taggings.c.tag_id == number)
    tx.execute(taggings.delete().where(mine, taggings.c.openid.in_(openids)))
    return OK


def show_tags_of_fan(tx: Transaction, call: Call) -> Answer:
    """Ids of a fan's tags."""
    (fan,) = _fans(tx, call, [text_of(call.json().get("openid"), 40003)])
    return {"tagid_list": tag_ids(tx, call.appid, fan.openid)}


def show_blacklist(tx: Transaction, call: Call) -> Answer:
    """Fans on the blacklist."""
    after = text_of(call.json().get("begin_openid") or "", 40003)[:40]
    mine = sa.select(fans.c.openid).where(fans.c.appid == call.appid, fans.c.is_blocked)
    total = int(tx.scalar(sa.select(sa.func.count()).select_from(mine.subquery())) or 0)
    page = page_of_openids(tx, mine, fans.c.openid, after)
    assert isinstance(page, dict)
    return {"total": total, **page}


def _block(tx: Transaction, call: Call, is_blocked: bool) -> Answer:
    openids = list_of_openids(call.json().get("openid_list"), 20)
    _fans(tx, call, openids)
    mine = (fans.c.appid == call.appid) & fans.c.openid.in_(openids)
    tx.execute(fans.update().where(mine).values(is_blocked=is_blocked))
    return OK


def block(tx: Transaction, call: Call) -> Answer:
    """Put at most 20 fans on the blacklist: nothing of theirs is pushed any more."""
    return _block(tx, call, True)


def unblock(tx: Transaction, call: Call) -> Answer:
    """Take them off it."""
    return _block(tx, call, False)


def create_group(tx: Transaction, call: Call) -> Answer:
    """A new group."""
    name = _name(_inner(call, "group", 40051).get("name"), 40051, 45017)
    return {"group": {"id": _add(tx, call, name, 40051, 45018), "name": name}}


def show_groups(tx: Transaction, call: Call) -> Answer:
    """All groups, the built-in ones first; whoever is in none is in 0."""
    counts = _counts(tx, call)
    following = sa.select(fans.c.openid).where(fans.c.appid == call.appid, fans.c.is_following)
    total = int(tx.scalar(sa.select(sa.func.count()).select_from(following.subquery())) or 0)
    counts[0] = max(0, total - sum(counts.values()))
    every = [*GROUPS, *((row.id, row.name) for row in _tags(tx, call))]
    return {"groups": [{"id": number, "name": name, "count": counts.get(number, 0)} for number, name in every]}


def show_group_of_fan(tx: Transaction, call: Call) -> Answer:
    """The group of a fan."""
    (fan,) = _fans(tx, call, [text_of(call.json().get("openid"), 40003)])
    return {"groupid": next(iter(tag_ids(tx, call.appid, fan.openid)), 0)}


def update_group(tx: Transaction, call: Call) -> Answer:
    """Another name."""
    body = _inner(call, "group", 40050)
    number = number_of(body.get("id"), 40050)
    if number in RESERVED:
        raise WechatError(45016)
    name = _name(body.get("name"), 40051, 45017)
    _row(tx, call, number, 40050)
    tx.execute(tags.update().where(tags.c.appid == call.appid, tags.c.id == number).values(name=name))
    return OK


def delete_group(tx: Transaction, call: Call) -> Answer:
    """Remove a group; its fans are in none then."""
    number = number_of(_inner(call, "group", 40050).get("id"), 40050)
    if number in RESERVED:
        raise WechatError(45016)
    _row(tx, call, number, 40050)
    _drop(tx, call, number)
    return OK


def _move(tx: Transaction, call: Call, openids: list[str], target: Any) -> Answer:
    number = number_of(target, 40050)
    if number not in RESERVED:
        _row(tx, call, number, 40050)
    people = {fan.openid for fan in _fans(tx, call, openids)}
    tx.execute(taggings.delete().where(taggings.c.appid == call.appid, taggings.c.openid.in_(sorted(people))))
    if number > 1:
        rows = [{"appid": call.appid, "tag_id": number, "openid": openid} for openid in sorted(people)]
        tx.execute(taggings.insert(), rows)
    return OK


def move_fan(tx: Transaction, call: Call) -> Answer:
    """Move one fan."""
    body = call.json()
    return _move(tx, call, [text_of(body.get("openid"), 40003)], body.get("to_groupid"))


def move_fans(tx: Transaction, call: Call) -> Answer:
    """Move at most 50 fans."""
    body = call.json()
    return _move(tx, call, list_of_openids(body.get("openid_list"), 50), body.get("to_groupid"))


INTERFACES = (
    Interface("/cgi-bin/tags/create", create),
    Interface("/cgi-bin/tags/get", show, "GET"),
    Interface("/cgi-bin/tags/update", update),
    Interface("/cgi-bin/tags/delete", delete),
    Interface("/cgi-bin/user/tag/get", show_members, "ANY"),
    Interface("/cgi-bin/tags/members/batchtagging", add_members),
    Interface("/cgi-bin/tags/members/batchuntagging", remove_members),
    Interface("/cgi-bin/tags/getidlist", show_tags_of_fan),
    Interface("/cgi-bin/tags/members/getblacklist", show_blacklist),
    Interface("/cgi-bin/tags/members/batchblacklist", block),
    Interface("/cgi-bin/tags/members/batchunblacklist", unblock),
    Interface("/cgi-bin/groups/create", create_group),
    Interface("/cgi-bin/groups/get", show_groups, "GET"),
    Interface("/cgi-bin/groups/getid", show_group_of_fan),
    Interface("/cgi-bin/groups/update", update_group),
    Interface("/cgi-bin/groups/members/update", move_fan),
    Interface("/cgi-bin/groups/members/batchupdate", move_fans),
    Interface("/cgi-bin/groups/delete", delete_group),
)

"""Holding a conversation: lock it, change the record, add messages, and save once with access rows and events.

Locks are taken in one order: conversation, then agents by id.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from guanjia.contracts.chat import (
    AgentChanged,
    ConversationChanged,
    ConversationRemoved,
    MessageAdded,
    MessageChanged,
    Person,
)
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.errors import NotFound
from guanjia.kit.feed import publish
from guanjia.services.chat.models import access, agents, assignments, conversations, facts, messages
from guanjia.services.chat.queries.conversations import find_open, find_visible, load
from guanjia.services.chat.queries.messages import Address, message_view
from guanjia.services.chat.queries.people import agent_views, ancestors_of, group_row, group_rows, member_rows
from guanjia.services.chat.rules.conversation import Conversation, open_key, summary, view
from guanjia.services.chat.rules.defaults import DEFAULTS

SYSTEM = Person(kind="system")


def unsigned(_file: str) -> str:
    """For messages that have no file."""
    return ""


class Held:
    """A conversation under its lock: change ``c``, add messages, then ``save`` once.

    ``reason`` says why the agent changes, for the record of assignments.
    """

    def __init__(self, tx: Transaction, c: Conversation, *, is_new: bool = False) -> None:
        self.tx = tx
        self.c = c
        self.reason = ""
        self._before = replace(c, consulted=list(c.consulted))
        self._is_new = is_new
        self._added: list[MessageAdded] = []
        self._changed: list[MessageChanged] = []

    def add(
        self,
        author: Person,
        kind: str,
        content: dict[str, Any],
        at: datetime,
        *,
        address: Address = unsigned,
        **more: Any,
    ) -> dict[str, Any] | None:
        """Store a message under the next number; None when its push is known already."""
        c = self.c
        values: dict[str, Any] = {
            "id": new_id(),
            "company_id": c.company_id,
            "conversation_id": c.id,
            "number": c.last_number + 1,
            "author_kind": author.kind,
            "author_id": author.id,
            "author_name": author.name,
            "is_note": False,
            "kind": kind,
            "content": content,
            "media_state": "none",
            "file": "",
            "media_type": "",
            "state": "sent",
            "failure": "",
            "push_id": None,
            "menu_item_id": "",
            "client_id": None,
            "outbound_id": None,
            "sent_at": at,
            "at": at,
            "seen_at": None,
            **more,
        }
        if values["push_id"] is None:
            self.tx.insert(messages, values)
        elif not self.tx.insert_new(messages, values):
            return None
        c.last_number += 1
        c.last_at = max(c.last_at, at)
        if author.kind != "system" and not values["is_note"]:
            c.last_text = summary(kind, content, DEFAULTS.summaries)
            c.last_author = author.kind
        self._added.append(MessageAdded(message=message_view(values, address)))
        return values

    def line(self, code: str, at: datetime, **data: Any) -> None:
        """Store a system line: what happened, for staff only."""
        self.add(SYSTEM, "system", {"code": code, **data}, at)

    def see(self, number: int, at: datetime) -> None:
        """Note when an agent saw the customer's messages up to ``number``."""
        c = self.c
        if number > c.read_number:
            self.tx.execute(
                messages.update()
                .where(
                    messages.c.company_id == c.company_id,
                    messages.c.conversation_id == c.id,
                    messages.c.number > c.read_number,
                    messages.c.number <= number,
                    messages.c.author_kind == "customer",
                    messages.c.seen_at.is_(None),
                )
                .values(seen_at=at)
            )

    def change_message(self, message_id: str, address: Address, **values: Any) -> None:
        """Change a message of this conversation and tell it."""
        own = messages.c.id == message_id
        self.tx.execute(messages.update().where(own).values(**values))
        row = self.tx.one(sa.select(messages).where(own))
        assert row is not None
        self._changed.append(MessageChanged(message=message_view(row._mapping, address)))

    def save(self) -> Conversation:
        """Write what has changed, with access rows, intervals and events."""
        c, before, tx = self.c, self._before, self.tx
        lost = self._write_access()
        changes = {
            one.name: getattr(c, one.name) for one in fields(c) if getattr(c, one.name) != getattr(before, one.name)
        }
        if changes:
            changes["version"] = c.version = before.version + 1
            tx.update(conversations, {"id": c.id}, changes)
        self._write_assignment()
        subjects = [subject for subject, part in c.subjects if part != "customer"]
        told: dict[str, Any] = {"key": c.id, "company_id": c.company_id}
        if lost:
            publish(tx, ConversationRemoved(conversation_id=c.id), subjects=lost, **told)
        if changes:
            publish(tx, ConversationChanged(conversation=view(c)), subjects=subjects, **told)
        for event in (*self._added, *self._changed):
            publish(tx, event, subjects=subjects, **told)
        if (before.agent_id, before.phase == "open") != (c.agent_id, c.phase == "open"):
            for agent_id in sorted({one for one in (before.agent_id, c.agent_id) if one}):
                publish_agent(tx, c.company_id, agent_id)
        self._before, self._is_new = replace(c, consulted=list(c.consulted)), False
        self._added, self._changed = [], []
        return c

    def rescope(self) -> None:
        """Find out anew which organisations see it, because the group's organisation moved."""
        self.c.subjects = [[one, part] for one, part in self._parts(is_anew=True).items()]

    def _parts(self, *, is_anew: bool = False) -> dict[str, str]:
        """Subject → part; a person's nearest part counts."""
        c, before = self.c, self._before
        parts: dict[str, str] = {}
        if c.customer_id:
            parts[c.customer_id] = "customer"
        if is_anew or self._is_new or c.group_id != before.group_id:
            group = group_row(self.tx, c.company_id, c.group_id)
            organisation_id = c.company_id if group is None else group.organisation_id
            parts |= dict.fromkeys(ancestors_of(self.tx, c.company_id, organisation_id), "group")
        else:
            parts |= {one: part for one, part in before.subjects if part == "group"}
        parts |= {one["id"]: "consulted" for one in c.consulted}
        if c.agent_id:
            parts[c.agent_id] = "agent"
        return parts

    def _write_access(self) -> list[str]:
        """Make the access rows those of the present parts; the answer is the subjects that lost it."""
        c, before, tx = self.c, self._before, self.tx
        old = {} if self._is_new else dict(before.subjects)
        if c.subjects == before.subjects:
            c.subjects = [[one, part] for one, part in self._parts().items()]
        new = dict(c.subjects)
        own = {"company_id": c.company_id, "conversation_id": c.id}
        gone = sorted(set(old) - set(new))
        if gone:
            rows = (access.c.company_id == c.company_id) & (access.c.conversation_id == c.id)
            tx.execute(access.delete().where(rows, access.c.subject_id.in_(gone)))
        place = {"phase": c.phase, "sort_at": c.sort_at, "last_at": c.last_at}
        if (c.phase, c.sort_at, c.last_at) != (before.phase, before.sort_at, before.last_at):
            tx.update(access, own, place)
        for subject in sorted(set(old) & set(new)):
            if old[subject] != new[subject]:
                tx.update(access, {**own, "subject_id": subject}, {"part": new[subject]})
        added = [{**own, "subject_id": one, "part": new[one], **place} for one in sorted(set(new) - set(old))]
        if added:
            tx.execute(access.insert(), added)
        return [one for one in gone if old[one] != "customer"]

    def _write_assignment(self) -> None:
        """Keep the intervals: who had it from when to when."""
        c, before, tx = self.c, self._before, self.tx
        is_closed = c.phase == "closed" and before.phase != "closed"
        if c.agent_id == before.agent_id and not is_closed and before.assigned_at == c.assigned_at:
            return
        at = c.closed_at or c.assigned_at or c.last_at
        if before.agent_id:
            tx.execute(
                assignments.update()
                .where(
                    assignments.c.company_id == c.company_id,
                    assignments.c.conversation_id == c.id,
                    assignments.c.ended_at.is_(None),
                )
                .values(ended_at=at, end_reason="closed" if is_closed else self.reason)
            )
        if c.agent_id and not is_closed:
            tx.execute(
                assignments.insert().values(
                    id=new_id(),
                    company_id=c.company_id,
                    conversation_id=c.id,
                    agent_id=c.agent_id,
                    agent_name=c.agent_name,
                    reason=self.reason,
                    began_at=at,
                    ended_at=None,
                    end_reason="",
                )
            )
            tx.execute(agents.update().where(agents.c.id == c.agent_id).values(last_assigned_at=at))


def hold(tx: Transaction, company_id: str, conversation_id: str) -> Held:
    """Lock a conversation and read it; NotFound when there is none."""
    lock(tx, "conversation", conversation_id)
    c = load(tx, company_id, conversation_id)
    if c is None:
        raise NotFound()
    return Held(tx, c)


def hold_visible(tx: Transaction, caller: Caller, conversation_id: str) -> Held:
    """The same for a caller, who must see it."""
    lock(tx, "conversation", conversation_id)
    return Held(tx, find_visible(tx, caller, conversation_id))


def hold_open(tx: Transaction, company_id: str, account_id: str, openid: str) -> Held | None:
    """Lock the fan's open conversation, if there is one."""
    while (found := find_open(tx, company_id, open_key(account_id, openid))) is not None:
        held = hold(tx, company_id, found)
        if held.c.is_open:  # else it was closed while we waited for its lock
            return held
    return None


def open_conversation(
    tx: Transaction,
    company_id: str,
    *,
    account_id: str,
    account_name: str,
    openid: str,
    customer_id: str,
    customer_name: str,
    at: datetime,
    **more: Any,
) -> Held:
    """The fan's open conversation, made when there is none: the unique ``open_key`` decides who makes it."""
    key = open_key(account_id, openid)
    while True:
        held = hold_open(tx, company_id, account_id, openid)
        if held is not None:
            return held
        c = Conversation(
            id=new_id(),
            company_id=company_id,
            channel="wechat",
            account_id=account_id,
            account_name=account_name,
            openid=openid,
            open_key=key,
            customer_id=customer_id,
            customer_name=customer_name,
            opened_at=at,
            last_at=at,
            **more,
        )
        values = {one.name: getattr(c, one.name) for one in fields(c)}
        lock(tx, "conversation", c.id)
        if tx.insert_new(conversations, values):
            return Held(tx, c, is_new=True)


def record_fact(
    tx: Transaction, c: Conversation, name: str, at: datetime, value: int = 0, agent_id: str | None = None
) -> None:
    """Write a fact that figures count; once a conversation and name."""
    tx.insert_new(
        facts,
        {
            "company_id": c.company_id,
            "conversation_id": c.id,
            "name": name,
            "at": at,
            "group_id": c.group_id,
            "agent_id": agent_id or c.agent_id,
            "value": value,
        },
    )


def publish_agent(tx: Transaction, company_id: str, agent_id: str) -> None:
    """Tell an agent's presence and load as they are now."""
    lock(tx, "agent", agent_id)
    shown = agent_views(tx, company_id, [agent_id])
    if not shown:
        return
    one = shown[0]
    publish(
        tx,
        AgentChanged(id=one.id, name=one.name, status=one.status, load=one.load, capacity=one.capacity),
        key=agent_id,
        company_id=company_id,
        subjects=_agent_subjects(tx, company_id, agent_id),
    )


def _agent_subjects(tx: Transaction, company_id: str, agent_id: str) -> set[str]:
    """Himself, and the organisations of his own place and of his groups, with all above them."""
    own = tx.scalar(sa.select(agents.c.organisation_id).where(agents.c.id == agent_id))
    groups = {row.id: row.organisation_id for row in group_rows(tx, company_id)}
    places = {
        groups[row.group_id]
        for row in member_rows(tx, company_id)
        if row.agent_id == agent_id and row.group_id in groups
    }
    subjects = {agent_id, company_id}
    for place in places | {own}:
        subjects.update(ancestors_of(tx, company_id, place))
    return subjects

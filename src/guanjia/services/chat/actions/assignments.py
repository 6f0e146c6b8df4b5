"""Who has a conversation: taken, given, handed on, handed back. Each under the conversation's lock, so that of two
who want it exactly one gets it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from guanjia.contracts.chat import ConversationView, Person
from guanjia.kit.audit import audit
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction
from guanjia.kit.errors import Conflict, Invalid
from guanjia.services.chat.actions.conversations import Held, hold, hold_visible, record_fact
from guanjia.services.chat.actions.delivery import say
from guanjia.services.chat.actions.presence import touch
from guanjia.services.chat.models import members
from guanjia.services.chat.queries.conversations import last_agent
from guanjia.services.chat.queries.people import (
    company_of,
    find_agent,
    find_group,
    group_rules,
    has_permission,
)
from guanjia.services.chat.queries.texts import greetings_of
from guanjia.services.chat.rules import conversation as rules
from guanjia.services.chat.rules.conversation import Conversation
from guanjia.services.chat.rules.routing import Choice, GroupRule, pick_group
from guanjia.services.chat.rules.texts import find_opening, local_time
from guanjia.services.chat.schemas.conversations import Closure, Consultation, Transfer


def _author(caller: Caller) -> Person:
    return Person(kind="agent", id=caller.id, name=caller.name)


def check_open(c: Conversation) -> None:
    """Conflict ``conversation_closed`` when it has ended."""
    if not c.is_open:
        raise Conflict("conversation_closed")


def check_owner(tx: Transaction, caller: Caller, c: Conversation, *, may_consulted: bool = False) -> None:
    """Conflict ``not_your_conversation`` when another agent has it and the caller is no supervisor."""
    if c.agent_id in (None, caller.id) or (may_consulted and c.is_consulted(caller.id)):
        return
    if not has_permission(tx, caller, "chat.supervision.write"):
        raise Conflict("not_your_conversation", agent_name=c.agent_name)


def route(held: Held, at: datetime, *, named: str = "", text: str = "") -> None:
    """A person is needed: into the queue of the group that fits. Routing takes it from there at once."""
    c, tx = held.c, held.tx
    choice = pick_group(
        group_rules(tx, c.company_id), named=named, text=text, account_id=c.account_id, present=c.group_id
    )
    rules.enqueue(c, at, choice.group.id, choice.group.name, choice.group.hand_back_seconds)
    c.preferred_agent_id = _preferred(tx, c, choice)
    c.avoided_agent_id = None
    c.needed_text = text[:600]
    record_fact(tx, c, "opened", at)


def _preferred(tx: Transaction, c: Conversation, choice: Choice) -> str | None:
    """The agent of the last time (R-CALL-07), unless another group was asked for."""
    last = last_agent(tx, c)
    if last is None or not choice.is_asked or not choice.group.has_members:
        return last
    is_member = tx.one(
        sa.select(members.c.agent_id).where(
            members.c.company_id == c.company_id,
            members.c.group_id == choice.group.id,
            members.c.agent_id == last,
        )
    )
    return last if is_member is not None else None


def present_group(tx: Transaction, c: Conversation) -> GroupRule:
    """The group that the conversation is in, or the default one when that is gone."""
    known = group_rules(tx, c.company_id)
    mine = next((one for one in known if one.id == c.group_id), None)
    return mine or next(one for one in known if one.is_default)


def give(held: Held, at: datetime, agent_id: str, agent_name: str, reason: str, by_name: str = "") -> None:
    """Make an agent its owner; the first one is announced to the customer if the company switched that on."""
    c, tx = held.c, held.tx
    if c.group_id is None:
        group = present_group(tx, c)
        c.group_id, c.group_name, c.hand_back_seconds = group.id, group.name, group.hand_back_seconds
    rules.assign(c, at, agent_id, agent_name)
    held.reason = reason
    record_fact(tx, c, "opened", c.requested_at or at)
    held.line("assigned", at, agent_id=agent_id, agent_name=agent_name, reason=reason, by_name=by_name)
    if c.is_opening_sent:
        return
    c.is_opening_sent = True
    if reason != "reply":
        local = local_time(at, company_of(tx, c.company_id).time_zone)
        opening = find_opening(greetings_of(tx, c.company_id), local)
        if opening is not None:
            say(held, "opening", opening.text, at)


def give_back(held: Held, at: datetime, reason: str) -> None:
    """Back to the queue of its group, where the agent who had it is not asked again at once."""
    c = held.c
    agent_id, agent_name = c.agent_id, c.agent_name
    group = present_group(held.tx, c)
    rules.enqueue(c, at, group.id, group.name, group.hand_back_seconds)
    c.preferred_agent_id, c.avoided_agent_id = None, agent_id
    held.reason = reason
    held.line("handed_back", at, agent_name=agent_name, reason=reason)


def take(held: Held, caller: Caller, at: datetime, reason: str) -> None:
    """The caller becomes its owner if nobody else is; Conflict ``already_taken`` else."""
    c = held.c
    check_open(c)
    if c.phase == "open":
        raise Conflict("already_taken", agent_name=c.agent_name)
    agent = find_agent(held.tx, caller.company_id, caller.id)
    give(held, at, agent.id, agent.name, reason)


def pick_up(tx: Transaction, caller: Caller, conversation_id: str, at: datetime, real_at: datetime) -> ConversationView:
    """Take it from the queue; a repeat by the one who has it changes nothing."""
    held = hold_visible(tx, caller, conversation_id)
    if held.c.is_open and held.c.agent_id == caller.id:
        return rules.view(held.c)
    take(held, caller, at, "pickup")
    view = rules.view(held.save())
    touch(tx, caller.id, at, real_at)
    audit(tx, caller, "conversation_picked_up", "conversation", held.c.id, held.c.customer_name)
    return view


def assign(
    tx: Transaction, caller: Caller, conversation_id: str, agent_id: str, at: datetime, real_at: datetime
) -> ConversationView:
    """A supervisor gives it to an agent, whatever his load."""
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    check_open(c)
    agent = find_agent(tx, caller.company_id, agent_id)
    if c.agent_id == agent.id:
        return rules.view(c)
    _summon(tx, agent, at, real_at)
    give(held, at, agent.id, agent.name, "supervisor", caller.name)
    audit(tx, caller, "conversation_assigned", "conversation", c.id, c.customer_name, agent=agent.name)
    return rules.view(held.save())


def _summon(tx: Transaction, agent: Row[Any], at: datetime, real_at: datetime) -> None:
    """A person gives somebody work: if he is away, he gets a minute to come before it goes to the queue."""
    if agent.status == "offline":
        touch(tx, agent.id, None, real_at)


def transfer(
    tx: Transaction, caller: Caller, conversation_id: str, draft: Transfer, at: datetime, real_at: datetime
) -> ConversationView:
    """Hand it to a colleague or to a group's queue, with a note for whoever gets it (R-CALL-05, R-CALL-07)."""
    if (draft.agent_id is None) == (draft.group_id is None):
        raise Invalid(fields={"agent_id": "one_target"})
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    check_open(c)
    check_owner(tx, caller, c)
    from_id, from_name = c.agent_id, c.agent_name
    if draft.note.strip():
        held.add(_author(caller), "text", {"content": draft.note}, at, is_note=True)
    told = {"from_name": from_name, "by_name": caller.name, "agent_name": "", "group_name": ""}
    if draft.agent_id is not None:
        agent = find_agent(tx, caller.company_id, draft.agent_id)
        if agent.id == from_id:
            raise Conflict("already_assigned", agent_name=from_name)
        _summon(tx, agent, at, real_at)
        held.line("transferred", at, **{**told, "agent_name": agent.name})
        give(held, at, agent.id, agent.name, "transfer", caller.name)
    else:
        assert draft.group_id is not None
        group = find_group(tx, caller.company_id, draft.group_id)
        rules.enqueue(c, at, group.id, group.name, group.hand_back_seconds)
        c.preferred_agent_id, c.avoided_agent_id = None, from_id
        held.reason = "transfer"
        held.line("transferred", at, **{**told, "group_name": group.name})
        record_fact(tx, c, "opened", at)
    audit(
        tx, caller, "conversation_transferred", "conversation", c.id, c.customer_name,
        agent=draft.agent_id or "", group=draft.group_id or "",
    )  # fmt: skip
    return rules.view(held.save())


def hand_back_by_agent(tx: Transaction, caller: Caller, conversation_id: str, at: datetime) -> ConversationView:
    """The agent returns it to the queue."""
    held = hold_visible(tx, caller, conversation_id)
    check_open(held.c)
    if held.c.phase != "open":
        return rules.view(held.c)
    check_owner(tx, caller, held.c)
    give_back(held, at, "returned")
    audit(tx, caller, "conversation_returned", "conversation", held.c.id, held.c.customer_name)
    return rules.view(held.save())


def consult(
    tx: Transaction, caller: Caller, conversation_id: str, draft: Consultation, at: datetime
) -> ConversationView:
    """Ask a colleague: he sees the conversation and may write notes and answers, its agent keeps it (R-CALL-05)."""
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    check_open(c)
    check_owner(tx, caller, c, may_consulted=True)
    agent = find_agent(tx, caller.company_id, draft.agent_id)
    if agent.id == c.agent_id:
        raise Conflict("already_assigned", agent_name=agent.name)
    if draft.note.strip():
        held.add(_author(caller), "text", {"content": draft.note}, at, is_note=True)
    if not c.is_consulted(agent.id):
        c.consulted = [*c.consulted, {"id": agent.id, "name": agent.name}]
        held.line("consulted", at, agent_name=agent.name, by_name=caller.name)
    return rules.view(held.save())


def end_consultation(
    tx: Transaction, caller: Caller, conversation_id: str, agent_id: str, at: datetime
) -> ConversationView:
    """The colleague has helped; he no longer sees it unless he has another part in it."""
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    if agent_id != caller.id:
        check_owner(tx, caller, c)
    gone = next((one for one in c.consulted if one["id"] == agent_id), None)
    if gone is not None:
        c.consulted = [one for one in c.consulted if one is not gone]
        held.line("consultation_ended", at, agent_name=gone["name"], by_name=caller.name)
    return rules.view(held.save())


def close(tx: Transaction, caller: Caller, conversation_id: str, draft: Closure, at: datetime) -> ConversationView:
    """End it, with category and result (R-SVC-12: record-keeping)."""
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    check_open(c)
    check_owner(tx, caller, c)
    held.line("closed", at, by_name=caller.name, category=draft.category, result=draft.result)
    if c.requested_at is not None:
        record_fact(tx, c, "closed", at)
    rules.close(c, at, draft.category, draft.result)
    audit(tx, caller, "conversation_closed", "conversation", c.id, c.customer_name, category=draft.category)
    return rules.view(held.save())


def rename_agent(tx: Transaction, company_id: str, conversation_id: str, agent_id: str, name: str) -> None:
    """An agent's new name in a conversation that he has."""
    held = hold(tx, company_id, conversation_id)
    if held.c.agent_id == agent_id:
        held.c.agent_name = name
        held.save()

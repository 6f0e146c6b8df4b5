"""What people send: answers, notes, pictures, retries, the invitation to rate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from guanjia.contracts.chat import ConversationView, MessageView, Person
from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, new_id
from guanjia.kit.errors import Conflict, Invalid, NotFound
from guanjia.services.chat.actions.assignments import check_open, check_owner, take
from guanjia.services.chat.actions.conversations import Held, hold_visible
from guanjia.services.chat.actions.delivery import (
    add_outgoing,
    check_window,
    deliver,
)
from guanjia.services.chat.actions.presence import touch
from guanjia.services.chat.models import messages, uploads
from guanjia.services.chat.queries.messages import Address, find_by_client, find_message, message_view
from guanjia.services.chat.queries.people import company_of
from guanjia.services.chat.queries.texts import greetings_of, text_values
from guanjia.services.chat.rules import conversation as rules
from guanjia.services.chat.rules.conversation import Conversation
from guanjia.services.chat.rules.defaults import DEFAULTS
from guanjia.services.chat.rules.texts import check_text, clip, find_greeting, local_time, render
from guanjia.services.chat.schemas.conversations import MessageDraft


def send_message(
    tx: Transaction,
    caller: Caller,
    conversation_id: str,
    draft: MessageDraft,
    at: datetime,
    real_at: datetime,
    address: Address,
) -> MessageView:
    """Store an answer and give it to the channel, or store a note; a repeat of ``client_id`` gets the first answer.

    Sending into a queue takes the conversation. Conflict: ``conversation_closed``, ``not_your_conversation``,
    ``window_closed``, ``sends_used_up``.
    """
    held = hold_visible(tx, caller, conversation_id)
    known = find_by_client(tx, caller.company_id, conversation_id, draft.client_id)
    if known is not None:
        if known.author_id != caller.id:
            raise Conflict("duplicate")
        return message_view(known._mapping, address)
    author = Person(kind="agent", id=caller.id, name=caller.name)
    content, media = _content(tx, caller, draft)
    if draft.is_note:
        values = held.add(
            author, draft.kind, content, at, address=address, is_note=True, client_id=draft.client_id, **media
        )
        assert values is not None
    else:
        _check_may_answer(held, caller, at)
        values = add_outgoing(
            held, author, draft.kind, content, at, address=address, client_id=draft.client_id, **media
        )
        rules.agent_wrote(held.c)
    held.save()
    touch(tx, caller.id, at, real_at)
    return message_view(values, address)


def _content(tx: Transaction, caller: Caller, draft: MessageDraft) -> tuple[dict[str, Any], dict[str, Any]]:
    if draft.kind == "text":
        return {"content": check_text(draft.content.content, draft.is_note)}, {}
    row = tx.one(
        sa.select(uploads).where(uploads.c.company_id == caller.company_id, uploads.c.file == draft.content.file)
    )
    if row is None:
        raise Invalid(fields={"file": "file_unknown"})
    return {"file": row.file}, {"file": row.file, "media_type": row.media_type, "media_state": "stored"}


def _check_may_answer(held: Held, caller: Caller, at: datetime) -> None:
    c = held.c
    check_open(c)
    check_owner(held.tx, caller, c, may_consulted=True)
    check_window(held.tx, c, at)
    held.see(c.last_number, at)
    if c.phase != "open":
        take(held, caller, at, "reply")


def retry_message(
    tx: Transaction,
    caller: Caller,
    conversation_id: str,
    message_id: str,
    at: datetime,
    real_at: datetime,
    address: Address,
) -> MessageView:
    """Send a failed message again at a person's word, or one whose fate is unknown, under a new id."""
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    message = find_message(tx, caller.company_id, message_id)
    if message is None or message.conversation_id != c.id:
        raise NotFound()
    if message.author_kind != "agent" or message.is_note or message.state not in ("failed", "unknown"):
        raise Conflict("not_resendable")
    _check_may_answer(held, caller, at)
    outbound_id = new_id()
    deliver(tx, c, outbound_id, message.id, message.kind, message.content, at)
    held.change_message(message.id, address, state="sending", failure="", outbound_id=outbound_id)
    if message.kind != "menu":
        rules.agent_wrote(held.c)
    held.save()
    touch(tx, caller.id, at, real_at)
    row = tx.one(sa.select(messages).where(messages.c.id == message.id))
    assert row is not None
    return message_view(row._mapping, address)


def rating_item(conversation_id: str, score: int) -> str:
    """The id of a menu item that rates a conversation."""
    return f"rating:{conversation_id}:{score}"


def invite_rating(tx: Transaction, caller: Caller, conversation_id: str, at: datetime) -> ConversationView:
    """Ask the customer for a score of 1 to 5 by a menu message; once a conversation, also after its end."""
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    check_owner(tx, caller, c, may_consulted=True)
    if c.is_rating_invited:
        raise Conflict("rating_already_invited")
    check_window(tx, c, at)
    author = Person(kind="agent", id=caller.id, name=caller.name)
    add_outgoing(held, author, "menu", _rating_menu(held, c, at), at)
    c.is_rating_invited = True
    held.line("rating_invited", at, by_name=caller.name)
    return rules.view(held.save())


def _rating_menu(held: Held, c: Conversation, at: datetime) -> dict[str, Any]:
    company = company_of(held.tx, c.company_id)
    known = greetings_of(held.tx, c.company_id)
    words = DEFAULTS.rating
    invitation = find_greeting(known, "rating_invitation", local_time(at, company.time_zone))
    head = words.head
    if invitation is not None:
        head = clip(render(invitation.text, text_values(held.tx, c, at, c.agent_name)))
    best = len(words.items)
    items = [{"id": rating_item(c.id, best - place), "title": title} for place, title in enumerate(words.items)]
    return {"head": head, "items": items, "tail": words.tail}

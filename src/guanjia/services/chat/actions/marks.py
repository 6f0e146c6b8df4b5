"""What a reader leaves in a conversation: how far he has read, and his draft."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction, lock
from guanjia.kit.errors import Conflict
from guanjia.services.chat.actions.conversations import hold_visible
from guanjia.services.chat.models import drafts
from guanjia.services.chat.queries.conversations import find_draft, find_visible
from guanjia.services.chat.queries.messages import count_unread
from guanjia.services.chat.rules import conversation as rules
from guanjia.services.chat.schemas.conversations import DraftText, DraftVersion


def mark_read(tx: Transaction, caller: Caller, conversation_id: str, number: int, at: datetime) -> None:
    """The caller looked at everything up to ``number``. It counts when he has the conversation, or nobody has: what
    others look at stays unread for its agent."""
    c = find_visible(tx, caller, conversation_id)
    if not c.is_open or c.agent_id not in (None, caller.id):
        return
    held = hold_visible(tx, caller, conversation_id)
    c = held.c
    if not c.is_open or c.agent_id not in (None, caller.id):
        return
    number = min(number, c.last_number)
    held.see(number, at)
    if c.agent_id == caller.id:
        rules.looked_at(c, number, count_unread(tx, c.company_id, c.id, max(c.read_number, number)))
    elif number >= c.last_number:
        c.unattended_at = None
    held.save()


def save_draft(tx: Transaction, caller: Caller, conversation_id: str, draft: DraftText, at: datetime) -> DraftVersion:
    """Keep the caller's draft; Conflict ``stale_version`` with the stored one when he wrote elsewhere meanwhile."""
    find_visible(tx, caller, conversation_id)
    lock(tx, "draft", f"{conversation_id}:{caller.id}")
    kept = find_draft(tx, caller, conversation_id)
    version = 0 if kept is None else kept.version
    if draft.version != version:
        raise Conflict("stale_version", draft=kept)
    values = {"text": draft.text, "is_note": draft.is_note, "version": version + 1, "updated_at": at}
    own = {"company_id": caller.company_id, "conversation_id": conversation_id, "agent_id": caller.id}
    if kept is None:
        tx.execute(drafts.insert().values(**own, **values))
    else:
        tx.execute(
            drafts.update().where(sa.and_(*(drafts.c[name] == value for name, value in own.items()))).values(**values)
        )
    return DraftVersion(version=version + 1)

"""Boxes, counts, one conversation, its history and drafts."""

from guanjia.contracts.chat import ConversationView
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading
from guanjia.kit.http import Done, Envelope, Items, get, put, reply
from guanjia.kit.service import Context
from guanjia.services.chat.actions import marks
from guanjia.services.chat.queries.conversations import (
    count_boxes,
    find_draft,
    find_visible,
    list_box,
    list_history,
)
from guanjia.services.chat.queries.people import is_group_open
from guanjia.services.chat.routes.viewers import ViewerBoard
from guanjia.services.chat.rules.conversation import view
from guanjia.services.chat.schemas.conversations import (
    Box,
    ConversationDetail,
    Counts,
    DraftText,
    DraftVersion,
    ReadMark,
)

READ = "chat.conversations.read"


@get("/conversations", permission=READ)
async def list_conversations(
    context: Context,
    caller: Caller,
    box: Box = "mine",
    q: str = "",
    agent_id: str = "",
    customer_id: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Envelope[Items[ConversationView]]:
    """A page of a box: mine and all by the last message, the queue by its order, the closed by their end."""
    page = await context.database.read(
        list_box, caller, box, q=q, agent_id=agent_id, customer_id=customer_id, cursor=cursor, limit=limit
    )
    return reply(page)


@get("/counts", permission=READ)
async def read_counts(context: Context, caller: Caller) -> Envelope[Counts]:
    """Figures on the boxes' tabs."""
    return reply(await context.database.read(count_boxes, caller, clock.now()))


@get("/conversations/{conversation_id:str}", permission=READ)
async def read_conversation(context: Context, caller: Caller, conversation_id: str) -> Envelope[ConversationDetail]:
    """A conversation with the caller's draft and who else has it open."""
    viewers = context.part(ViewerBoard).viewers(conversation_id)
    at = clock.now()

    def query(reading: Reading) -> ConversationDetail:
        c = find_visible(reading, caller, conversation_id)
        return ConversationDetail(
            conversation=view(c),
            draft=find_draft(reading, caller, conversation_id),
            viewers=viewers,
            group_hours_open=is_group_open(reading, c.company_id, c.group_id, at),
        )

    return reply(await context.database.read(query))


@get("/conversations/{conversation_id:str}/history", permission=READ)
async def read_history(
    context: Context, caller: Caller, conversation_id: str, cursor: str | None = None, limit: int = 20
) -> Envelope[Items[ConversationView]]:
    """The customer's other conversations."""
    return reply(await context.database.read(list_history, caller, conversation_id, cursor, limit))


@put("/conversations/{conversation_id:str}/reads", permission=READ)
async def put_reads(context: Context, caller: Caller, conversation_id: str, data: ReadMark) -> Envelope[Done]:
    """How far the caller has read."""
    await context.database.write(marks.mark_read, caller, conversation_id, data.number, clock.now())
    return reply(Done())


@put("/conversations/{conversation_id:str}/drafts", permission=READ)
async def put_draft(context: Context, caller: Caller, conversation_id: str, data: DraftText) -> Envelope[DraftVersion]:
    """The caller's draft."""
    return reply(await context.database.write(marks.save_draft, caller, conversation_id, data, clock.now()))


ROUTES = (list_conversations, read_counts, read_conversation, read_history, put_reads, put_draft)

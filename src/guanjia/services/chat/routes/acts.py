"""Acts upon a conversation; each answers with what became of it."""

from guanjia.contracts.chat import ConversationView
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.http import Envelope, delete, post, reply
from guanjia.kit.service import Context
from guanjia.services.chat.actions import assignments, sending
from guanjia.services.chat.rules.hints import ROUTING
from guanjia.services.chat.schemas.conversations import (
    Act,
    Assignment,
    Closure,
    Consultation,
    Pickup,
    Transfer,
)

WRITE = "chat.conversations.write"
SUPERVISE = "chat.supervision.write"


@post("/conversations/{conversation_id:str}/pickups", permission=WRITE, status_code=200)
async def post_pickup(
    context: Context, caller: Caller, conversation_id: str, data: Pickup
) -> Envelope[ConversationView]:
    """Take it from the queue; of two who do, one gets 409 ``already_taken``."""
    view = await context.database.write(assignments.pick_up, caller, conversation_id, clock.now(), clock.real_now())
    context.live.publish(ROUTING)
    return reply(view)


@post("/conversations/{conversation_id:str}/assignments", permission=SUPERVISE, status_code=200)
async def post_assignment(
    context: Context, caller: Caller, conversation_id: str, data: Assignment
) -> Envelope[ConversationView]:
    """Give it to an agent."""
    view = await context.database.write(
        assignments.assign, caller, conversation_id, data.agent_id, clock.now(), clock.real_now()
    )
    context.live.publish(ROUTING)
    return reply(view)


@post("/conversations/{conversation_id:str}/transfers", permission=WRITE, status_code=200)
async def post_transfer(
    context: Context, caller: Caller, conversation_id: str, data: Transfer
) -> Envelope[ConversationView]:
    """Hand it to a colleague or a group, with a note."""
    view = await context.database.write(
        assignments.transfer, caller, conversation_id, data, clock.now(), clock.real_now()
    )
    context.live.publish(ROUTING)
    return reply(view)


@post("/conversations/{conversation_id:str}/returns", permission=WRITE, status_code=200)
async def post_return(context: Context, caller: Caller, conversation_id: str, data: Act) -> Envelope[ConversationView]:
    """Back to the queue."""
    view = await context.database.write(assignments.hand_back_by_agent, caller, conversation_id, clock.now())
    context.live.publish(ROUTING)
    return reply(view)


@post("/conversations/{conversation_id:str}/consultations", permission=WRITE, status_code=200)
async def post_consultation(
    context: Context, caller: Caller, conversation_id: str, data: Consultation
) -> Envelope[ConversationView]:
    """Ask a colleague to look."""
    return reply(await context.database.write(assignments.consult, caller, conversation_id, data, clock.now()))


@delete("/conversations/{conversation_id:str}/consultations/{agent_id:str}", permission=WRITE)
async def delete_consultation(
    context: Context, caller: Caller, conversation_id: str, agent_id: str
) -> Envelope[ConversationView]:
    """The colleague has helped."""
    return reply(
        await context.database.write(assignments.end_consultation, caller, conversation_id, agent_id, clock.now())
    )


@post("/conversations/{conversation_id:str}/closures", permission=WRITE, status_code=200)
async def post_closure(
    context: Context, caller: Caller, conversation_id: str, data: Closure
) -> Envelope[ConversationView]:
    """End it, with category and result."""
    view = await context.database.write(assignments.close, caller, conversation_id, data, clock.now())
    context.live.publish(ROUTING)
    return reply(view)


@post("/conversations/{conversation_id:str}/rating-invitations", permission=WRITE, status_code=200)
async def post_rating_invitation(
    context: Context, caller: Caller, conversation_id: str, data: Act
) -> Envelope[ConversationView]:
    """Ask the customer for a score."""
    return reply(await context.database.write(sending.invite_rating, caller, conversation_id, clock.now()))


ROUTES = (
    post_pickup,
    post_assignment,
    post_transfer,
    post_return,
    post_consultation,
    delete_consultation,
    post_closure,
    post_rating_invitation,
)

"""Agents, presence, and the supervisor's page."""

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.http import Body, Envelope, Items, get, put, reply
from guanjia.kit.service import Context
from guanjia.services.chat.actions import presence
from guanjia.services.chat.queries.figures import supervise
from guanjia.services.chat.queries.people import agent_views, presence_of
from guanjia.services.chat.rules.hints import ROUTING
from guanjia.services.chat.schemas.people import AgentView, Presence, PresenceDraft, Supervision

READ = "chat.conversations.read"
WRITE = "chat.conversations.write"


@get("/agents", permission=READ)
async def list_agents(context: Context, caller: Caller) -> Envelope[Items[AgentView]]:
    """All agents of the company: who can be asked or given a conversation."""
    return reply(Items(items=await context.database.read(agent_views, caller.company_id)))


@get("/presences/current", permission=READ)
async def read_presence(context: Context, caller: Caller) -> Envelope[Presence]:
    """What the caller is."""
    return reply(await context.database.read(presence_of, caller))


@put("/presences/current", permission=WRITE)
async def put_presence(context: Context, caller: Caller, data: PresenceDraft) -> Envelope[Presence]:
    """What the caller wants to be."""
    answer = await context.database.write(presence.set_presence, caller, data.status, clock.now(), clock.real_now())
    context.live.publish(ROUTING)
    return reply(answer)


@put("/presences/current/heartbeats", permission=WRITE)
async def put_heartbeat(context: Context, caller: Caller, data: Body) -> Envelope[Presence]:
    """The caller's page is alive; a minute without this ends his presence."""
    answer, is_back = await context.database.write(presence.beat, caller, clock.now(), clock.real_now())
    if is_back:
        context.live.publish(ROUTING)
    return reply(answer)


@get("/supervision", permission="chat.supervision.read")
async def read_supervision(context: Context, caller: Caller) -> Envelope[Supervision]:
    """Agents, queue, today's figures and groups."""
    return reply(await context.database.read(supervise, caller, clock.now()))


ROUTES = (list_agents, read_presence, put_presence, put_heartbeat, read_supervision)

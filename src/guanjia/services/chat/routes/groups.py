"""Groups of agents."""

from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.http import Done, Envelope, Items, delete, get, post, put, reply
from guanjia.kit.service import Context
from guanjia.services.chat.actions import groups
from guanjia.services.chat.queries.groups import list_groups
from guanjia.services.chat.rules.hints import ROUTING, SCOPES
from guanjia.services.chat.schemas.texts import GroupDraft, GroupView


@get("/groups", permission="chat.groups.read")
async def read_groups(context: Context, caller: Caller) -> Envelope[Items[GroupView]]:
    """All groups of the company."""
    return reply(Items(items=await context.database.read(list_groups, caller.company_id)))


@post("/groups", permission="chat.groups.write")
async def post_group(context: Context, caller: Caller, data: GroupDraft) -> Envelope[GroupView]:
    """A new group."""
    view = await context.database.write(groups.add_group, caller, data, new_id())
    context.live.publish(ROUTING)
    return reply(view)


@put("/groups/{group_id:str}", permission="chat.groups.write")
async def put_group(context: Context, caller: Caller, group_id: str, data: GroupDraft) -> Envelope[GroupView]:
    """A group's settings."""
    view = await context.database.write(groups.change_group, caller, group_id, data)
    context.live.publish(ROUTING)
    context.live.publish(SCOPES)
    return reply(view)


@delete("/groups/{group_id:str}", permission="chat.groups.write")
async def delete_group(context: Context, caller: Caller, group_id: str) -> Envelope[Done]:
    """Take a group out of use."""
    await context.database.write(groups.remove_group, caller, group_id)
    context.live.publish(ROUTING)
    return reply(Done())


ROUTES = (read_groups, post_group, put_group, delete_group)

"""The navigation of whoever is signed in."""

from guanjia.kit.auth import Caller
from guanjia.kit.http import Envelope, Items, get, reply
from guanjia.kit.service import Context
from guanjia.services.auth.queries.policies import list_menus
from guanjia.services.auth.queries.staff import my_permissions
from guanjia.services.auth.schemas import Menu


@get("/menus/current", permission="self")
async def index(context: Context, caller: Caller) -> Envelope[Items[Menu]]:
    """The menus that the caller's roles show him, as a tree, in his language."""
    held = await context.database.read(my_permissions, caller.id)
    return reply(Items(items=await context.database.read(list_menus, held, caller.locale)))


ROUTES = [index]

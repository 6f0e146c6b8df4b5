"""What services and gateways exchange with ``auth``."""

from guanjia.contracts.auth import AuthAnnouncement, Policies
from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.errors import Forbidden
from guanjia.kit.http import Done, Envelope, get, put, reply
from guanjia.kit.service import Context
from guanjia.services.auth.actions.announcements import take_announcement
from guanjia.services.auth.queries.policies import is_announced, read_policies


@put("/announcements/{service:str}/{digest:str}", callers=("service",))
async def announce(
    context: Context, caller: Caller, service: str, digest: str, data: AuthAnnouncement
) -> Envelope[Done]:
    """Take in what a service offers; content that is known already costs one look-up."""
    if caller.id != service:
        raise Forbidden()
    if not await context.database.read(is_announced, service, digest):
        await context.database.write(take_announcement, service, digest, data, clock.real_now())
        context.live.publish("auth-policies")
    return reply(Done())


@get("/policies", callers=("service",))
async def show_policies(context: Context) -> Envelope[Policies]:
    """All rows and roles, for a gateway."""
    return reply(await context.database.read(read_policies))


ROUTES = [announce, show_policies]

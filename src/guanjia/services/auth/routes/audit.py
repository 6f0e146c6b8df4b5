"""The audit trail."""

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.http import Done, Envelope, Items, get, post, reply
from guanjia.kit.service import Context
from guanjia.services.auth.actions.audit import record_reported
from guanjia.services.auth.queries.audit import list_audit
from guanjia.services.auth.schemas import AuditDrafts, AuditEntry


@get("/audit", permission="auth.audit.read")
async def index(
    context: Context,
    caller: Caller,
    actor: str = "",
    action: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Envelope[Items[AuditEntry]]:
    """The visible trail, newest first."""
    return reply(await context.database.read(list_audit, caller, actor, action, cursor, limit))


@post("/audit-entries", callers=("service",))
async def create_entries(context: Context, caller: Caller, data: AuditDrafts) -> Envelope[Done]:
    """Deeds that another service saw and keeps no feed for: what the gateway refused."""
    await context.database.write(record_reported, caller, data.entries, clock.real_now())
    return reply(Done())


ROUTES = [index, create_entries]

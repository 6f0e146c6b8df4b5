"""Stand-ins for auth, crm and wechat: feeds to publish on, and the few routes that chat calls."""

from dataclasses import dataclass, field
from typing import Any

from guanjia.contracts.crm import IdentityDraft, ResolvedCustomer
from guanjia.contracts.wechat import OutboundMessage
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id, service_metadata
from guanjia.kit.errors import GuanjiaError, Unavailable
from guanjia.kit.http import Body, Done, Envelope, post, put, reply
from guanjia.kit.service import Context, Service


@dataclass
class Neighbours:
    """What the neighbours were asked, and how they shall answer."""

    puts: dict[str, dict[str, Any]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    typings: list[dict[str, Any]] = field(default_factory=list)
    customers: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    refuse: GuanjiaError | None = None
    is_crm_away: bool = False


class Board:
    """Where the routes find the test's neighbours."""

    def __init__(self, _context: Context) -> None:
        self.neighbours = Neighbours()


class Resolutions(Body, kw_only=True):
    identities: list[IdentityDraft]


class Typing(Body, kw_only=True):
    account_id: str
    openid: str
    is_typing: bool


@put("/announcements/{service:str}/{digest:str}", callers=("service",))
async def put_announcement(service: str, digest: str) -> Envelope[Done]:
    return reply(Done())


@put("/messages/{message_id:str}", callers=("service",))
async def put_message(context: Context, caller: Caller, message_id: str, data: OutboundMessage) -> Envelope[Done]:
    neighbours = context.part(Board).neighbours
    if neighbours.refuse is not None:
        raise neighbours.refuse
    neighbours.puts[message_id] = {
        "company_id": caller.company_id,
        "account_id": data.account_id,
        "openid": data.openid,
        "kind": data.kind,
        "content": data.content,
    }
    neighbours.order.append(message_id)
    return reply(Done())


@post("/typings", callers=("service",))
async def post_typing(context: Context, data: Typing) -> Envelope[Done]:
    context.part(Board).neighbours.typings.append({"openid": data.openid, "is_typing": data.is_typing})
    return reply(Done())


@post("/identity-resolutions", callers=("service",))
async def post_resolution(context: Context, caller: Caller, data: Resolutions) -> Envelope[list[ResolvedCustomer]]:
    neighbours = context.part(Board).neighbours
    if neighbours.is_crm_away:
        raise Unavailable(retry_after=1)
    found = []
    for one in data.identities:
        customer_id = neighbours.customers.setdefault(f"{caller.company_id}:{one.value}", new_id())
        name = neighbours.names.get(one.value, one.name)
        found.append(ResolvedCustomer(customer_id=customer_id, name=name, remark="", tags=[], is_new=False))
    return reply(found)


NEIGHBOURS = (
    Service(id="auth", titles={"en": "Auth"}, metadata=service_metadata("auth"), routes=(put_announcement,)),
    Service(id="crm", titles={"en": "CRM"}, metadata=service_metadata("crm"), routes=(post_resolution,)),
    Service(
        id="wechat",
        titles={"en": "WeChat"},
        metadata=service_metadata("wechat"),
        routes=(put_message, post_typing),
    ),
)

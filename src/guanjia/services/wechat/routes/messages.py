"""What other services send to fans."""

from guanjia.contracts.wechat import OutboundMessage
from guanjia.kit.auth import Caller
from guanjia.kit.database import is_id
from guanjia.kit.errors import Invalid, NotFound
from guanjia.kit.http import Done, Envelope, post, put, reply
from guanjia.kit.service import Context
from guanjia.services.wechat.actions import sends as actions
from guanjia.services.wechat.registry import Registry
from guanjia.services.wechat.rules.outbound import check_message
from guanjia.services.wechat.schemas import TypingDraft
from guanjia.services.wechat.typing_hints import send_typing


@put("/messages/{message_id:str}", callers=("service",))
async def put_message(context: Context, caller: Caller, message_id: str, data: OutboundMessage) -> Envelope[Done]:
    """Accept a message for sending; its fate comes by the feed. A repeat with the same id changes nothing."""
    if not is_id(message_id):
        raise Invalid(fields={"message_id": "invalid"})
    if not data.openid:
        raise Invalid(fields={"openid": "field_missing"})
    check_message(data.kind, data.content)
    await context.database.write(actions.accept_message, caller, message_id, data)
    return reply(Done())


@post("/typings", callers=("service",), status_code=200)
async def show_typing(context: Context, caller: Caller, data: TypingDraft) -> Envelope[Done]:
    """Show or hide "typing" on the fan's phone; a hint, so that its failure is no failure of the caller."""
    account = context.part(Registry).account(data.account_id)
    if account is None or account.company_id != caller.company_id:
        raise NotFound()
    await send_typing(context, account, data.openid, data.is_typing)
    return reply(Done())

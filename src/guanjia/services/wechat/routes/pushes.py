"""What came in, what became of it, and what failed on the way out."""

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.http import Done, Envelope, Items, get, post, reply
from guanjia.kit.service import Context
from guanjia.kit.words import locale
from guanjia.services.wechat import queries
from guanjia.services.wechat.actions import sends as actions
from guanjia.services.wechat.rules.accounts import check_company_wide
from guanjia.services.wechat.schemas import DeadLetterView, PushView, Step
from guanjia.services.wechat.words import find_words


@get("/pushes", permission="wechat.pushes.read")
async def list_pushes(
    context: Context,
    caller: Caller,
    account_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Envelope[Items[PushView]]:
    """Stored pushes, newest first."""
    views, following = await context.database.read(queries.push_views, caller, account_id, cursor, limit)
    return reply(Items(items=views, next=following))


@get("/dead-letters", permission="wechat.pushes.read")
async def list_dead_letters(
    context: Context, caller: Caller, cursor: str | None = None, limit: int = 50
) -> Envelope[Items[DeadLetterView]]:
    """Calls to WeChat and to providers that failed, or whose end is unknown."""
    views, following = await context.database.read(queries.dead_letter_views, caller, cursor, limit)
    for view in views:
        view.message = find_words(view.reason, locale.get())[0]
    return reply(Items(items=views, next=following))


@post("/dead-letters/{letter_id:str}/replays", permission="wechat.accounts.write", status_code=200)
async def replay_dead_letter(context: Context, caller: Caller, letter_id: str) -> Envelope[Done]:
    """Try one again, at a person's word: a message whose end is unknown may then arrive twice."""
    check_company_wide(caller)
    await context.database.write(actions.replay, caller, letter_id)
    return reply(Done())


@get("/message-paths/{path_id:str}", permission="self", callers=("staff", "service"))
async def show_message_path(context: Context, caller: Caller, path_id: str) -> Envelope[Items[Step]]:
    """The way of a push, or of a message that was sent, through this service."""
    steps = await context.database.read(queries.message_steps, caller, path_id, clock.offset())
    return reply(Items(items=steps))

"""Canned replies, greetings, and the words of codes."""

import asyncio

import msgspec

from guanjia.kit import clock
from guanjia.kit.auth import Caller
from guanjia.kit.database import new_id
from guanjia.kit.http import SIGNED_IN, Done, Envelope, Items, delete, get, post, put, reply
from guanjia.kit.search import initials
from guanjia.kit.service import Context
from guanjia.kit.words import Words
from guanjia.services.chat.actions import texts
from guanjia.services.chat.queries.texts import list_canned, list_greetings, list_rendered
from guanjia.services.chat.schemas.texts import (
    CannedDraft,
    CannedView,
    GreetingsDraft,
    GreetingView,
)

READ = "chat.canned.read"
OWN = "chat.canned.own"


class CodeWords(msgspec.Struct, kw_only=True):
    """Code → words in the reader's language."""

    words: dict[str, str]


@get("/canned-replies", permission=READ)
async def read_canned(context: Context, caller: Caller, q: str = "") -> Envelope[Items[CannedView]]:
    """Prepared texts that the caller may use."""
    return reply(Items(items=await context.database.read(list_canned, caller, q)))


@get("/canned-replies/rendered", permission=READ)
async def read_rendered(context: Context, caller: Caller, conversation_id: str) -> Envelope[Items[CannedView]]:
    """The same, their variables filled in for a conversation."""
    return reply(Items(items=await context.database.read(list_rendered, caller, conversation_id, clock.now())))


@post("/canned-replies", permission=OWN)
async def post_canned(context: Context, caller: Caller, data: CannedDraft) -> Envelope[CannedView]:
    """A new one; for a group or the company the caller needs ``chat.canned.write``."""
    letters = await asyncio.to_thread(initials, data.title)
    return reply(await context.database.write(texts.add_canned, caller, data, new_id(), letters))


@put("/canned-replies/{reply_id:str}", permission=OWN)
async def put_canned(context: Context, caller: Caller, reply_id: str, data: CannedDraft) -> Envelope[CannedView]:
    """Change one."""
    letters = await asyncio.to_thread(initials, data.title)
    return reply(await context.database.write(texts.change_canned, caller, reply_id, data, letters))


@delete("/canned-replies/{reply_id:str}", permission=OWN)
async def delete_canned(context: Context, caller: Caller, reply_id: str) -> Envelope[Done]:
    """Delete one."""
    await context.database.write(texts.remove_canned, caller, reply_id)
    return reply(Done())


@get("/greetings", permission="chat.greetings.read")
async def read_greetings(context: Context, caller: Caller) -> Envelope[Items[GreetingView]]:
    """The company's greetings."""
    return reply(Items(items=await context.database.read(list_greetings, caller.company_id)))


@put("/greetings", permission="chat.greetings.write")
async def put_greetings(context: Context, caller: Caller, data: GreetingsDraft) -> Envelope[Items[GreetingView]]:
    """Replace the company's greetings."""
    return reply(Items(items=await context.database.write(texts.replace_greetings, caller, data)))


@get("/words", permission=SIGNED_IN)
async def read_words(context: Context, caller: Caller) -> Envelope[CodeWords]:
    """The words of every code of this service: failures, system lines."""
    assert context.service.words is not None
    known = Words([context.service.words])
    found = {code: known.find(code, caller.locale, {})[0] for code in sorted(known.codes())}
    return reply(CodeWords(words=found))


ROUTES = (
    read_canned,
    read_rendered,
    post_canned,
    put_canned,
    delete_canned,
    read_greetings,
    put_greetings,
    read_words,
)

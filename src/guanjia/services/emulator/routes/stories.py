"""The story player: its stories, and the sign-in that it uses on this machine."""

import asyncio
import ipaddress
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request

from guanjia.kit.errors import NotFound
from guanjia.kit.http import Envelope, Items, get, reply
from guanjia.kit.service import Context
from guanjia.kit.words import locale
from guanjia.services.emulator.demo import only_in_demo
from guanjia.services.emulator.queries.accounts import list_accounts
from guanjia.services.emulator.rules.stories import choose_account, choose_person, load_stories
from guanjia.services.emulator.schemas import Story, StoryHead, StorySession, StoryStep

CALLERS = ("public", "service")
DEMO_FILE = "demo.json"


@get("/stories", callers=CALLERS, guards=[only_in_demo])
async def show_stories() -> Envelope[Items[StoryHead]]:
    """All stories, in the reader's language."""
    language = locale.get()
    heads = [
        StoryHead(
            key=story["key"],
            title=story["title"][language],
            description=story["description"][language],
            step_count=len(story["steps"]),
        )
        for story in load_stories().values()
    ]
    return reply(Items(items=heads))


@get("/stories/{key:str}", callers=CALLERS, guards=[only_in_demo])
async def show_story(context: Context, key: str) -> Envelope[Story]:
    """One story with its steps."""
    story = load_stories().get(key)
    if story is None:
        raise NotFound("story_not_found")
    language = locale.get()
    accounts = await context.database.read(list_accounts)
    steps = [
        StoryStep(
            key=step["key"],
            actor=step["actor"],
            title=step["title"][language],
            text=step["text"][language],
            act=step["act"],
            path=step["path"],
        )
        for step in story["steps"]
    ]
    return reply(
        Story(
            key=key,
            title=story["title"][language],
            description=story["description"][language],
            step_count=len(steps),
            customer_name=story["customer_name"],
            appid=choose_account(story, [(account.appid, account.kind) for account in accounts]),
            steps=steps,
        )
    )


@get("/story-session", callers=CALLERS, guards=[only_in_demo])
async def show_story_session(context: Context, request: Request[Any, Any, Any]) -> Envelope[StorySession]:
    """Login and password of the story's agent, for a browser on this machine only."""
    if not _is_local(request):
        raise NotFound()
    person = await asyncio.to_thread(_read_person, context.folder / DEMO_FILE)
    if person is None:
        raise NotFound("story_session_not_found")
    return reply(StorySession(login=person[0], password=person[1]))


def _is_local(request: Request[Any, Any, Any]) -> bool:
    """From this machine, by a local name (no page of another host can rebind its own), past no proxy."""
    if request.client is None or {"forwarded", "x-forwarded-for"} & set(request.headers):
        return False
    try:
        is_loopback = ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    host = request.headers.get("host", "").rsplit(":", 1)[0].strip("[]").lower()
    return is_loopback and host in ("localhost", "127.0.0.1", "::1")


def _read_person(file: Path) -> tuple[str, str] | None:
    try:
        staff = msgspec.json.decode(file.read_bytes())["staff"]
    except (OSError, msgspec.MsgspecError, KeyError, TypeError):
        return None
    return choose_person(staff if isinstance(staff, list) else [])


ROUTES = (show_stories, show_story, show_story_session)

"""Who has a conversation open, and who types: hints that live in memory and may be lost (L12)."""

import asyncio
import time
from dataclasses import dataclass

from guanjia.contracts.wechat import WechatClient
from guanjia.kit.auth import Caller
from guanjia.kit.errors import GuanjiaError
from guanjia.kit.http import Done, Envelope, put, reply
from guanjia.kit.service import Context
from guanjia.services.chat.queries.conversations import find_visible
from guanjia.services.chat.rules.conversation import Conversation
from guanjia.services.chat.schemas.conversations import Viewer, Viewing

VIEW_SECONDS = 25.0
TYPING_SECONDS = 12.0


@dataclass
class _Seen:
    name: str
    is_typing: bool
    until: float
    subjects: tuple[str, ...]


class ViewerBoard:
    """The viewers of every conversation that is open on a page."""

    def __init__(self, context: Context) -> None:
        self._live = context.live
        self._seen: dict[str, dict[str, _Seen]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._typed: dict[str, float] = {}

    def viewers(self, conversation_id: str) -> list[Viewer]:
        """Those who have it open now, by name."""
        now = time.monotonic()
        living = {who: one for who, one in self._seen.get(conversation_id, {}).items() if one.until > now}
        return sorted(
            (Viewer(id=who, name=one.name, is_typing=one.is_typing) for who, one in living.items()),
            key=lambda viewer: (viewer.name, viewer.id),
        )

    def see(self, c: Conversation, caller: Caller, is_typing: bool) -> None:
        """A page says that it is open; the others are told when that changes something."""
        before = self.viewers(c.id)
        subjects = tuple(subject for subject, part in c.subjects if part != "customer")
        until = time.monotonic() + VIEW_SECONDS
        self._seen.setdefault(c.id, {})[caller.id] = _Seen(caller.name, is_typing, until, subjects)
        self._watch(c.id)
        if self.viewers(c.id) != before:
            self._tell(c.id, subjects)

    def is_typing_due(self, conversation_id: str) -> bool:
        """Whether the customer's phone should be told again that somebody types; at most every few seconds."""
        now = time.monotonic()
        if self._typed.get(conversation_id, 0.0) > now:
            return False
        self._typed = {key: until for key, until in self._typed.items() if until > now}
        self._typed[conversation_id] = now + TYPING_SECONDS
        return True

    def _watch(self, conversation_id: str) -> None:
        """Look again when the first of them may have gone."""
        if (timer := self._timers.pop(conversation_id, None)) is not None:
            timer.cancel()
        seen = self._seen.get(conversation_id)
        if seen:
            wait = min(one.until for one in seen.values()) - time.monotonic() + 0.05
            loop = asyncio.get_running_loop()
            self._timers[conversation_id] = loop.call_later(max(wait, 0), self._expire, conversation_id)

    def _expire(self, conversation_id: str) -> None:
        self._timers.pop(conversation_id, None)
        now = time.monotonic()
        seen = self._seen.get(conversation_id, {})
        gone = [who for who, one in seen.items() if one.until <= now]
        subjects = seen[gone[0]].subjects if gone else ()
        for who in gone:
            del seen[who]
        if gone:
            self._tell(conversation_id, subjects)
        if seen:
            self._watch(conversation_id)
        else:
            self._seen.pop(conversation_id, None)

    def _tell(self, conversation_id: str, subjects: tuple[str, ...]) -> None:
        data = {"conversation_id": conversation_id, "viewers": self.viewers(conversation_id)}
        hint = {
            "service": "chat",
            "name": "viewing",
            "subjects": list(subjects),
            "audience": "staff",
            "data": data,
        }
        self._live.publish("hint", hint)

    async def close(self) -> None:
        """Forget the timers."""
        for timer in self._timers.values():
            timer.cancel()


@put("/conversations/{conversation_id:str}/viewers", permission="chat.conversations.read")
async def put_viewer(context: Context, caller: Caller, conversation_id: str, data: Viewing) -> Envelope[Done]:
    """The page is open (every 10 seconds); whether the caller types. A note never shows on the customer's phone."""
    c = await context.database.read(find_visible, caller, conversation_id)
    board = context.part(ViewerBoard)
    board.see(c, caller, data.is_typing)
    is_his = c.agent_id == caller.id and c.phase == "open"
    if is_his and data.is_typing and data.is_reply and board.is_typing_due(c.id):
        try:
            await WechatClient(context.calls).show_typing(c.company_id, c.account_id, c.openid, True)
        except GuanjiaError:
            return reply(Done())  # the phone shows nothing; the answer itself is what counts
    return reply(Done())


ROUTES = (put_viewer,)

"""What the workbench sends and gets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from guanjia.contracts.chat import ConversationView
from guanjia.kit.http import Body

Box = Literal["mine", "queue", "closed", "all"]
IdText = Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
NoteText = Annotated[str, msgspec.Meta(max_length=2000)]


class MessageContent(Body, kw_only=True):
    """A text (``content``) or an uploaded picture (``file``)."""

    content: Annotated[str, msgspec.Meta(max_length=10_000)] = ""
    file: Annotated[str, msgspec.Meta(max_length=80)] = ""


class MessageDraft(Body, kw_only=True):
    """A message to be sent, or a note; ``client_id`` is the sender's own name for it."""

    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    kind: Literal["text", "image"] = "text"
    content: MessageContent
    is_note: bool = False


class Pickup(Body, kw_only=True):
    """Take it from the queue."""


class Assignment(Body, kw_only=True):
    """Give it to an agent."""

    agent_id: IdText


class Transfer(Body, kw_only=True):
    """Hand it to a colleague or to a group, with a word for them."""

    agent_id: IdText | None = None
    group_id: IdText | None = None
    note: NoteText = ""


class Consultation(Body, kw_only=True):
    """Ask a colleague to look."""

    agent_id: IdText
    note: NoteText = ""


class Closure(Body, kw_only=True):
    """The end, with what it was about and how it ended."""

    category: Annotated[str, msgspec.Meta(max_length=80)] = ""
    result: Annotated[str, msgspec.Meta(max_length=600)] = ""


class Act(Body, kw_only=True):
    """An act that says nothing more."""


class ReadMark(Body, kw_only=True):
    """Everything up to this number was looked at."""

    number: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class DraftText(Body, kw_only=True):
    """What stands in the composer; ``version`` is the one it was made from."""

    text: Annotated[str, msgspec.Meta(max_length=10_000)]
    is_note: bool = False
    version: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Viewing(Body, kw_only=True):
    """The page is open; ``is_reply``: what is typed is for the customer, who may see that."""

    is_typing: bool
    is_reply: bool = False


class DraftVersion(msgspec.Struct, kw_only=True):
    """The draft as it is stored now."""

    version: int


class Draft(msgspec.Struct, kw_only=True):
    """An agent's draft in a conversation."""

    text: str
    is_note: bool
    version: int


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has the conversation open."""

    id: str
    name: str
    is_typing: bool


class ConversationDetail(msgspec.Struct, kw_only=True):
    """A conversation with what its page needs beside the messages."""

    conversation: ConversationView
    draft: Draft | None
    viewers: list[Viewer]
    group_hours_open: bool


class Counts(msgspec.Struct, kw_only=True):
    """Figures over the boxes; each at most 1001 ("1000+")."""

    mine: int
    mine_unread: int
    queue: int
    closed_today: int
    unattended: int


class Upload(msgspec.Struct, kw_only=True):
    """A stored picture, to be sent by its ``file``."""

    file: str
    url: str
    media_type: str
    size: int


class Step(msgspec.Struct, kw_only=True):
    """A station on a message's way."""

    name: Literal["conversation", "assigned", "agent", "sending", "sent", "failed"]
    at: datetime
    detail: dict[str, Any]

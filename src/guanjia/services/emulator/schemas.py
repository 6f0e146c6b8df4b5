"""Bodies of the control API, and the events of the emulator's own feed that move phones and pushes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from guanjia.kit.feed import Event
from guanjia.kit.http.envelope import Body

Short = Annotated[str, msgspec.Meta(max_length=60)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
Address = Annotated[str, msgspec.Meta(max_length=500)]
Text = Annotated[str, msgspec.Meta(max_length=20_000)]

AccountKind = Literal["subscription_unverified", "subscription_verified", "service_unverified", "service_verified"]
Mode = Literal["plain", "compat", "safe"]
Menu = dict[str, Any]
Verdict = Literal["success", "reply", "transfer", "timeout", "refused", "bad_status", "bad_body", "not_configured"]


class PhoneChanged(Event, frozen=True, kw_only=True):
    """Something on a phone changed. ``name``: message_added, typing, follow_changed, menu_changed, push_changed.

    ``file`` is that of a message; its address is made when the event is shown. ``phone_id`` is empty for what
    concerns several phones, those that are the event's subjects.
    """

    phone_id: str
    appid: str
    name: str
    data: dict[str, Any]
    file: str = ""


class PushQueued(Event, frozen=True, kw_only=True):
    """A push waits for its delivery."""

    push_id: str
    appid: str
    openid: str
    kind: str
    fields: dict[str, Any]
    tries: int = 0


class AccountSaved(Event, frozen=True, kw_only=True):
    """An account was made or changed."""

    appid: str


class AccountDraft(Body, kw_only=True):
    """An account as seeded: everything that its owner and its platform agreed upon."""

    secret: Short
    original_id: Annotated[str, msgspec.Meta(pattern=r"^gh_[0-9A-Za-z_]{1,28}\Z")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    kind: AccountKind
    token: Annotated[str, msgspec.Meta(max_length=32)] = ""
    aes_key: Annotated[str, msgspec.Meta(max_length=43)] = ""
    previous_aes_key: Annotated[str, msgspec.Meta(max_length=43)] = ""
    mode: Mode = "plain"
    callback_url: Address = ""
    signature: Annotated[str, msgspec.Meta(max_length=120)] = ""
    reports_location: bool = False


class CallbackDraft(Body, kw_only=True):
    """The server configuration, as typed into the console."""

    url: Address
    token: Annotated[str, msgspec.Meta(max_length=32)]
    aes_key: Annotated[str, msgspec.Meta(max_length=43)] = ""
    mode: Mode = "plain"


class AccountView(msgspec.Struct, kw_only=True):
    """An account as everybody may see it: no secret, no key."""

    appid: str
    original_id: str
    name: str
    avatar_color: str
    kind: str
    mode: str
    token: str
    callback_url: str
    verified: bool
    reports_location: bool
    signature: str
    menu: Menu | None


class PhoneDraft(Body, kw_only=True):
    """A new phone. The same ``seed`` gives the same person: the same phone, openids and unionid."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    seed: Annotated[str, msgspec.Meta(max_length=80)] = ""
    is_story: bool = False


class PhoneView(msgspec.Struct, kw_only=True):
    """A phone and who its owner is at each account."""

    id: str
    name: str
    avatar_color: str
    openids: dict[str, str]
    unionid: str
    is_story: bool


class ChatView(msgspec.Struct, kw_only=True):
    """A line of the phone's chat list. ``last_text`` is a name of the kind where the message has no text."""

    appid: str
    name: str
    avatar_color: str
    openid: str
    is_following: bool
    unread: int
    last_kind: str
    last_text: str
    last_at: datetime | None
    menu: Menu | None


class ChatMessage(msgspec.Struct, kw_only=True):
    """A message in a phone's chat; ``system`` says what WeChat itself tells the user (kind ``notice``)."""

    id: str
    number: int
    client_id: str
    sender: Literal["user", "account", "system"] = msgspec.field(name="from")
    kind: str
    content: dict[str, Any]
    media_url: str
    state: Literal["sent"]
    error: str
    at: datetime


class Screen(msgspec.Struct, kw_only=True):
    """What a phone shows: its chats, and with ``appid`` the newest messages of one.

    ``number`` is a cursor of the live stream that is not newer than the rest.
    """

    phone: PhoneView
    chats: list[ChatView]
    number: int
    appid: str = ""
    messages: list[ChatMessage] = []
    has_more: bool = False
    is_typing: bool = False
    menu: Menu | None = None


class FollowDraft(Body, kw_only=True):
    """Follow an account; ``scene`` is that of a QR code with parameters, without ``qrscene_``."""

    appid: Short
    scene: Annotated[str, msgspec.Meta(max_length=64)] = ""


class MessageDraft(Body, kw_only=True):
    """A message of the phone's owner; ``created_at`` sets its CreateTime, a repeat of ``client_id`` is the same one.

    A picture may be ``content.sample``: one that the emulator brings along.
    """

    appid: Short
    client_id: Annotated[str, msgspec.Meta(max_length=80)] = ""
    kind: Literal["text", "image", "voice", "location", "video", "shortvideo", "link"]
    content: dict[str, Any] = {}
    media_id: Annotated[str, msgspec.Meta(max_length=80)] = ""
    created_at: datetime | None = None


class TapDraft(Body, kw_only=True):
    """A tap on a menu button (``key``: its key, url or page path), or on an item of a menu message."""

    appid: Short
    key: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    type: Short = ""
    menu_id: Short = ""
    message_id: Annotated[str, msgspec.Meta(max_length=36)] = ""
    item_id: Annotated[str, msgspec.Meta(max_length=64)] = ""


class ScanDraft(Body, kw_only=True):
    """A QR code before the camera: its ticket, or the address that it holds; or any scene of an account."""

    ticket: Annotated[str, msgspec.Meta(max_length=120)] = ""
    appid: Short = ""
    scene: Annotated[str, msgspec.Meta(max_length=64)] = ""


class CodeView(msgspec.Struct, kw_only=True):
    """A QR code that an account made by the API."""

    ticket: str
    appid: str
    account_name: str
    scene: str
    created_at: datetime


class TapView(msgspec.Struct, kw_only=True):
    """What the phone does after a tap: ``url`` is opened where there is one."""

    type: str
    url: str


class ScanView(msgspec.Struct, kw_only=True):
    """The account behind a QR code."""

    appid: str


class VisitDraft(Body, kw_only=True):
    """The chat is opened; where the phone is, for accounts that have it reported."""

    appid: Short
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] = 31.2304
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] = 121.4737
    precision: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 65.0


class ReadDraft(Body, kw_only=True):
    """All messages of a chat were seen."""

    appid: Short


class PhoneMedia(msgspec.Struct, kw_only=True):
    """What the phone recorded, ready to be sent; ``format`` is what it truly is (amr, mp3, webm, jpg …)."""

    media_id: str
    url: str
    kind: str
    format: str


class ClockDraft(Body, kw_only=True):
    """Business time, forward only: ``at`` a moment, or by so many seconds."""

    at: datetime | None = None
    advance_seconds: Annotated[float, msgspec.Meta(ge=-1e10, le=1e10)] | None = None


class ClockView(msgspec.Struct, kw_only=True):
    """Business time, and how far it is ahead of the machine's."""

    now: datetime
    offset_seconds: float


class Faults(msgspec.Struct, kw_only=True):
    """Switches for what can go wrong at WeChat.

    ``is_api_down``: every API call gets HTTP 502. ``answer_delay_seconds``: the API works, and answers late.
    ``send_errcode``: what every customer-service send answers; ``errcodes``: the same by path (or ``*``).
    ``quotas``: interface → another daily limit. ``callback_timeout_seconds``: the clock of the deliveries.
    ``strict_unicode``: a ``\\uXXXX`` in a body is 40033.
    """

    is_api_down: bool = False
    answer_delay_seconds: float = 0.0
    send_errcode: int = 0
    errcodes: dict[str, int] = {}
    quotas: dict[str, int] = {}
    callback_timeout_seconds: float = 5.0
    strict_unicode: bool = False


class FaultsChange(Body, kw_only=True):
    """The switches to move; the others stay."""

    is_api_down: bool | None = None
    answer_delay_seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] | None = None
    send_errcode: Annotated[int, msgspec.Meta(ge=-1, le=10_000_000)] | None = None
    errcodes: dict[Line, int] | None = None
    quotas: dict[Line, int] | None = None
    callback_timeout_seconds: Annotated[float, msgspec.Meta(ge=0.05, le=60)] | None = None
    strict_unicode: bool | None = None


class TryView(msgspec.Struct, kw_only=True):
    """One delivery of a push; ``status`` 0 when no answer came."""

    number: int
    at: datetime
    status: int
    latency_ms: int
    body: str
    verdict: Verdict


class PushView(msgspec.Struct, kw_only=True):
    """A push and its deliveries."""

    id: str
    appid: str
    openid: str
    kind: str
    msg_id: str
    message_id: str
    summary: str
    fields: dict[str, Any]
    state: Literal["pending", "delivered", "failed"]
    created_at: datetime
    finished_at: datetime | None
    tries: list[TryView]


class StoryHead(msgspec.Struct, kw_only=True):
    """A story of the player's list."""

    key: str
    title: str
    description: str
    step_count: int


class StoryStep(msgspec.Struct, kw_only=True):
    """One step: who does what (``act``), and what is to be seen then (``path``: the marks of the message's way)."""

    key: str
    actor: Literal["customer", "agent", "clock", "system"]
    title: str
    text: str
    act: dict[str, Any]
    path: list[str]


class Story(StoryHead, kw_only=True):
    """A story with its steps, in the reader's language."""

    customer_name: str
    appid: str
    steps: list[StoryStep]


class StorySession(msgspec.Struct, kw_only=True):
    """Whose sign-in the story player uses on this machine."""

    login: str
    password: str

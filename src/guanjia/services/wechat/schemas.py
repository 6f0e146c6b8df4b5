"""Bodies and views of the pages of ``wechat``, and the rows that its parts hand to each other."""

# Litestar reads these annotations at run time, so they stay as they are written.
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from guanjia.contracts.wechat import ProviderReply
from guanjia.kit.http import Body

AccountKind = Literal["subscription_unverified", "subscription_verified", "service_unverified", "service_verified"]
Mode = Literal["plain", "compat", "safe"]
Match = Literal["exact", "contains"]

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Word = Annotated[str, msgspec.Meta(max_length=40)]
Openid = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"\A[A-Za-z0-9_-]+\Z")]
Appid = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"\A[A-Za-z0-9_-]+\Z")]
Text = Annotated[str, msgspec.Meta(max_length=600)]
Address = Annotated[str, msgspec.Meta(max_length=300, pattern=r"\Ahttps?://[^\s?#]+\Z")]
Secret = Annotated[str, msgspec.Meta(max_length=128)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Sort = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

OFFICIAL_API = "https://api.weixin.qq.com"


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is stored; secret and keys are sealed."""

    id: str
    company_id: str
    name: str
    wechat_id: str
    original_id: str
    appid: str
    kind: str
    mode: str
    token: str
    secret: str
    aes_key: str
    previous_aes_key: str
    api_base_url: str
    is_active: bool
    greeting_text: str
    is_greeting_on: bool
    default_text: str
    is_default_on: bool
    verified_at: datetime | None
    trouble: str
    trouble_at: datetime | None
    checked_at: datetime | None
    version: int


class AutomaticText(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A text that is sent by itself while it is on."""

    text: Text = ""
    is_on: bool = False


class Health(msgspec.Struct, kw_only=True):
    """How an account does. ``trouble`` is a code that has words, empty when nothing is known to be wrong."""

    trouble: str
    trouble_message: str
    trouble_at: datetime | None
    checked_at: datetime | None
    token_expires_at: datetime | None


class AccountView(msgspec.Struct, kw_only=True):
    """An account as pages show it: secrets never leave."""

    id: str
    name: str
    wechat_id: str
    original_id: str
    appid: str
    kind: str
    mode: str
    token: str
    callback_url: str
    api_base_url: str
    is_active: bool
    has_secret: bool
    has_aes_key: bool
    has_previous_aes_key: bool
    greeting: AutomaticText
    default_reply: AutomaticText
    last_push_at: datetime | None
    verified_at: datetime | None
    health: Health
    version: int


class AccountDraft(Body, kw_only=True):
    """A new account. Without a token one is made; ``aes_key`` is needed for compat and safe."""

    name: Name
    appid: Appid
    kind: AccountKind
    mode: Mode = "plain"
    wechat_id: Word = ""
    original_id: Word = ""
    token: Word = ""
    secret: Secret = ""
    aes_key: Secret = ""
    previous_aes_key: Secret = ""
    api_base_url: Address = OFFICIAL_API
    is_active: bool = True
    greeting: AutomaticText = AutomaticText()
    default_reply: AutomaticText = AutomaticText()


class AccountChange(Body, kw_only=True):
    """What is given is changed. A new ``aes_key`` makes the present one the previous."""

    version: Version
    name: Name | None = None
    kind: AccountKind | None = None
    mode: Mode | None = None
    wechat_id: Word | None = None
    original_id: Word | None = None
    token: Word | None = None
    secret: Secret | None = None
    aes_key: Secret | None = None
    api_base_url: Address | None = None
    is_active: bool | None = None
    greeting: AutomaticText | None = None
    default_reply: AutomaticText | None = None


class CheckView(msgspec.Struct, kw_only=True):
    """What a check of an account found; ``reason`` is empty when all is well."""

    is_ok: bool
    reason: str
    errcode: int
    message: str
    prompt: str
    checked_at: datetime


class QuotaView(msgspec.Struct, kw_only=True):
    """Calls of today to one interface, and how many are allowed."""

    interface: str
    title: str
    used: int
    limit: int


class PermissionView(msgspec.Struct, kw_only=True):
    """Whether the account may use a group of interfaces."""

    permission: str
    title: str
    is_allowed: bool


Keyword = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class KeywordAnswer(Body, kw_only=True):
    """The reply of a keyword; {content} {remark} {name} {account} are filled."""

    kind: Literal["text"] = "text"
    content: Annotated[str, msgspec.Meta(min_length=1, max_length=600)]


class KeywordReplyDraft(Body, kw_only=True):
    """A reply to keywords, of one account or (``account_id`` null) of all accounts of the company."""

    account_id: str | None = None
    keywords: Annotated[list[Keyword], msgspec.Meta(min_length=1, max_length=20)]
    match: Match = "contains"
    reply: KeywordAnswer
    is_on: bool = True
    sort: Sort = 0


class KeywordReplyView(msgspec.Struct, kw_only=True):
    """A reply to keywords as pages show it."""

    id: str
    account_id: str | None
    keywords: list[str]
    match: str
    reply: KeywordAnswer
    is_on: bool
    sort: int


class WindowView(msgspec.Struct, kw_only=True):
    """Until when, and how many more, customer-service messages may be sent."""

    expires_at: datetime | None
    remaining: int


class FanView(msgspec.Struct, kw_only=True):
    """A fan as pages show him."""

    account_id: str
    account_name: str
    openid: str
    unionid: str
    name: str
    remark: str
    is_subscribed: bool
    subscribed_at: datetime | None
    unsubscribed_at: datetime | None
    subscribe_scene: str
    qr_scene: str
    language: str
    tags: list[int]
    window: WindowView


class FanChange(Body, kw_only=True):
    """The private name that staff give a fan; empty takes it away (R-WX-01)."""

    remark: Annotated[str, msgspec.Meta(max_length=29)]


class ProviderView(msgspec.Struct, kw_only=True):
    """An announced provider and how often it failed."""

    service: str
    name: str
    title: str
    order: int
    kinds: list[str]
    events: list[str]
    menu_keys: list[str]
    keywords: list[str]
    is_passive: bool
    failures: int
    last_error: str
    failed_at: datetime | None


class PushView(msgspec.Struct, kw_only=True):
    """A stored push; its words stay in the conversation."""

    id: str
    account_id: str
    account_name: str
    openid: str
    kind: str
    event: str
    received_at: datetime
    outcome: str
    provider: str
    dispatched_at: datetime | None


class DeadLetterView(msgspec.Struct, kw_only=True):
    """A call to the outside that failed or whose end is unknown."""

    id: str
    channel: str
    account_id: str
    openid: str
    state: str
    reason: str
    message: str
    attempts: int
    created_at: datetime
    updated_at: datetime


class Step(msgspec.Struct, kw_only=True):
    """A station on a message's way."""

    name: Literal["stored", "routed", "sent", "failed"]
    at: datetime
    detail: str


class TypingDraft(Body, kw_only=True):
    """Show or hide "typing" on the fan's phone."""

    account_id: str
    openid: Openid
    is_typing: bool


class MessageIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an intent of the channel ``messages``."""

    company_id: str
    account_id: str
    openid: str
    kind: str
    content: dict[str, Any]
    agent: str = ""
    source: str = ""
    push_id: str = ""


class DispatchIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an intent of the channel ``dispatch``."""

    company_id: str
    account_id: str
    openid: str
    push_id: str


class MediaIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an intent of the channel ``media``."""

    company_id: str
    account_id: str
    openid: str
    push_id: str
    kind: str
    media_id: str
    pic_url: str = ""
    format: str = ""


class FanIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an intent of the channel ``fans``: read the fan's data, or write his ``remark`` when it is given."""

    company_id: str
    account_id: str
    openid: str
    remark: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the providers made of a push. ``outcome`` is empty when each of them passed: then ``own`` and ``template``
    name the account's reply, filled from ``content`` and ``account_name``. ``failures`` are (service, name, error)."""

    outcome: Literal["", "handled", "human"] = ""
    provider: str = ""
    group: str = ""
    replies: list[ProviderReply] = []
    own: str = ""
    template: str = ""
    content: str = ""
    account_name: str = ""
    failures: list[tuple[str, str, str]] = []
    default_pause_seconds: float = 0

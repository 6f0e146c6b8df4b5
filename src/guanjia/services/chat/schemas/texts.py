"""Groups, canned replies and greetings on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from guanjia.kit.http import Body

Minutes = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-4]):[0-5][0-9]\Z")]
Keyword = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
IdText = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Version = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Span(Body, kw_only=True):
    """A span of a day; the end may be 24:00."""

    start: Minutes
    end: Minutes


class WeeklySpan(Body, kw_only=True):
    """A span of each week; 1 is Monday."""

    weekday: Annotated[int, msgspec.Meta(ge=1, le=7)]
    start: Minutes
    end: Minutes


class OwnDate(Body, kw_only=True):
    """A date with spans of its own; none: a day off."""

    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}\Z")]
    title: Annotated[str, msgspec.Meta(max_length=40)] = ""
    spans: Annotated[list[Span], msgspec.Meta(max_length=10)] = []


class Hours(Body, kw_only=True):
    """When a group serves."""

    time_zone: Annotated[str, msgspec.Meta(max_length=64)] = "Asia/Shanghai"
    weekly: Annotated[list[WeeklySpan], msgspec.Meta(max_length=70)] = []
    dates: Annotated[list[OwnDate], msgspec.Meta(max_length=400)] = []
    uses_public_holidays: bool = False


class MemberDraft(Body, kw_only=True):
    """An agent in a group; ``name`` is ignored. ``capacity`` null: the group's."""

    agent_id: IdText
    name: str = ""
    capacity: Annotated[int, msgspec.Meta(ge=1, le=200)] | None = None
    skills: Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=40)]], msgspec.Meta(max_length=30)] = []


class GroupDraft(Body, kw_only=True):
    """A group as the administrator writes it; ``id`` and ``version`` come back on a change."""

    id: str = ""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    organisation_id: IdText
    is_default: bool = False
    capacity: Annotated[int, msgspec.Meta(ge=1, le=200)] = 10
    hand_back_seconds: Annotated[int, msgspec.Meta(ge=30, le=86_400)] = 180
    hours: Hours | None = None
    off_hours_text: Annotated[str, msgspec.Meta(max_length=600)] = ""
    members: Annotated[list[MemberDraft], msgspec.Meta(max_length=500)] = []
    keywords: Annotated[list[Keyword], msgspec.Meta(max_length=200)] = []
    accounts: Annotated[list[IdText], msgspec.Meta(max_length=100)] = []
    version: Version = 0


class Member(msgspec.Struct, kw_only=True):
    """An agent in a group."""

    agent_id: str
    name: str
    capacity: int | None
    skills: list[str]


class GroupView(msgspec.Struct, kw_only=True):
    """A group as its page shows it."""

    id: str
    name: str
    organisation_id: str
    is_default: bool
    capacity: int
    hand_back_seconds: int
    hours: Hours
    off_hours_text: str
    members: list[Member]
    keywords: list[str]
    accounts: list[str]
    version: int


class CannedDraft(Body, kw_only=True):
    """A canned reply as somebody writes it; ``id`` and ``initials`` are ignored."""

    id: str = ""
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    category: Annotated[str, msgspec.Meta(max_length=40)] = ""
    scope: Literal["company", "group", "personal"] = "personal"
    group_id: IdText | None = None
    is_locked: bool = False
    initials: str = ""
    sort: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)] = 0
    version: Version = 0


class CannedView(msgspec.Struct, kw_only=True):
    """A canned reply; ``is_locked``: sent as it is, changed by administrators only."""

    id: str
    title: str
    text: str
    category: str
    scope: Literal["company", "group", "personal"]
    group_id: str | None
    is_locked: bool
    initials: str
    sort: int
    version: int


class GreetingDraft(Body, kw_only=True):
    """A greeting; without ``id`` it is new."""

    id: str = ""
    kind: Literal[
        "opening_brand",
        "opening_short",
        "opening_check",
        "holiday",
        "off_hours",
        "rating_invitation",
        "queued",
    ]
    title: Annotated[str, msgspec.Meta(max_length=80)] = ""
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
    from_time: str | None = None
    to_time: str | None = None
    holiday: str | None = None
    is_on: bool = True


class GreetingsDraft(Body, kw_only=True):
    """All greetings of the company: what is missing is dropped."""

    items: Annotated[list[GreetingDraft], msgspec.Meta(max_length=100)]


class GreetingView(msgspec.Struct, kw_only=True):
    """A greeting as its page shows it."""

    id: str
    kind: str
    title: str
    text: str
    from_time: str | None
    to_time: str | None
    holiday: str | None
    is_on: bool

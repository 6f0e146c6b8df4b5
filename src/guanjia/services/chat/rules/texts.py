"""Texts for customers: limits, variables, and which greeting fits the moment (R-CALL-01..03)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from guanjia.kit.calendar import public_holiday
from guanjia.kit.errors import Invalid

TEXT_CHARACTERS = 600
TEXT_BYTES = 2048
NOTE_CHARACTERS = 2000
HOLIDAYS = frozenset({"new_year", "spring_festival", "qingming", "labour", "dragon_boat", "mid_autumn", "national"})
OPENINGS = ("opening_brand", "opening_short", "opening_check")

_MINUTES = re.compile(r"([01][0-9]|2[0-4]):[0-5][0-9]\Z")
_VARIABLE = re.compile(r"\{(\w+)\}")


def check_text(text: str, is_note: bool) -> str:
    """The text as it is kept; Invalid when empty or beyond WeChat's limits (a note: beyond ours)."""
    if not text.strip():
        raise Invalid(fields={"content": "text_empty"})
    if is_note:
        if len(text) > NOTE_CHARACTERS:
            raise Invalid(fields={"content": "text_too_long"})
    elif len(text) > TEXT_CHARACTERS or len(text.encode()) > TEXT_BYTES:
        raise Invalid(fields={"content": "text_too_long"})
    return text


def clip(text: str) -> str:
    """A text of ours cut to what WeChat takes."""
    text = text[:TEXT_CHARACTERS]
    while len(text.encode()) > TEXT_BYTES:
        text = text[:-1]
    return text


def render(text: str, values: Mapping[str, str]) -> str:
    """The text with ``{name}`` replaced by its value; what has no value stays as it is written."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


@dataclass(frozen=True)
class Greeting:
    """A greeting as it is stored; times are local, ``to_time`` before ``from_time`` goes over midnight."""

    id: str
    kind: str
    title: str
    text: str
    from_time: str | None
    to_time: str | None
    holiday: str | None
    is_on: bool


def check_times(from_time: str | None, to_time: str | None) -> None:
    """Invalid unless both are ``HH:MM`` or both are missing."""
    for name, value in (("from_time", from_time), ("to_time", to_time)):
        if value is not None and not (_MINUTES.match(value) and value <= "24:00"):
            raise Invalid(fields={name: "time_invalid"})
    if (from_time is None) != (to_time is None):
        raise Invalid(fields={"to_time" if to_time is None else "from_time": "time_invalid"})


def is_time_for(greeting: Greeting, local: datetime) -> bool:
    """Whether the local time lies in the greeting's span; without one, always."""
    if greeting.from_time is None or greeting.to_time is None:
        return True
    now = f"{local:%H:%M}"
    if greeting.from_time <= greeting.to_time:
        return greeting.from_time <= now < greeting.to_time
    return now >= greeting.from_time or now < greeting.to_time


def find_greeting(greetings: Iterable[Greeting], kind: str, local: datetime) -> Greeting | None:
    """The first greeting of a kind that is switched on and fits the time of day."""
    return next((one for one in greetings if one.kind == kind and one.is_on and is_time_for(one, local)), None)


def find_holiday(greetings: Iterable[Greeting], local: datetime) -> Greeting | None:
    """The holiday's opening, when today is a holiday that has one (R-CALL-03)."""
    holiday = public_holiday(local.date())
    return next((one for one in greetings if one.kind == "holiday" and one.is_on and one.holiday == holiday), None)


def find_opening(greetings: Iterable[Greeting], local: datetime) -> Greeting | None:
    """The opening that is sent by itself: none unless an opening is switched on; the holiday's in its time."""
    known = list(greetings)
    for kind in OPENINGS:
        if (opening := find_greeting(known, kind, local)) is not None:
            return find_holiday(known, local) or opening
    return None


def salutation(greetings: Iterable[Greeting], local: datetime, morning: str, plain: str) -> str:
    """What ``{greeting}`` stands for: the title of the holiday's opening, else good morning until noon, else a plain
    hello (R-CALL-02)."""
    holiday = find_holiday(greetings, local)
    if holiday is not None:
        return holiday.title
    return morning if local.hour < 12 else plain


def local_time(at: datetime, time_zone: str) -> datetime:
    """``at`` on the company's clock."""
    return at.astimezone(ZoneInfo(time_zone))


def display_name(customer_remark: str, fan_remark: str, customer_name: str, fan_name: str, fallback: str) -> str:
    """What a list calls the customer: staff's own name for him first."""
    return customer_remark or fan_remark or customer_name or fan_name or fallback

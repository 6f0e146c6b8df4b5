"""A group's hours: what the administrator writes, as a calendar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from guanjia.kit.calendar import Calendar
from guanjia.kit.errors import Invalid

ALWAYS: dict[str, Any] = {
    "time_zone": "Asia/Shanghai",
    "weekly": [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)],
    "dates": [],
    "uses_public_holidays": False,
}


def calendar_of(hours: Mapping[str, Any]) -> Calendar:
    """The calendar of a group's hours; Invalid names the field that is wrong."""
    return _calendar(msgspec.json.encode(hours))


@lru_cache(maxsize=512)
def _calendar(encoded: bytes) -> Calendar:
    hours = msgspec.json.decode(encoded)
    dates = {}
    for one in hours["dates"]:
        try:
            day = date.fromisoformat(one["date"])
        except ValueError as error:
            raise Invalid(fields={"hours": "date_invalid"}) from error
        dates[day] = [(span["start"], span["end"]) for span in one["spans"]]
    return Calendar(
        hours["time_zone"],
        [(span["weekday"], span["start"], span["end"]) for span in hours["weekly"]],
        dates,
        uses_public_holidays=hours["uses_public_holidays"],
    )


def day_start(at: datetime, time_zone: str) -> datetime:
    """The moment at which the local day of ``at`` began."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(at.astimezone(zone).date(), time(), zone).astimezone(UTC)

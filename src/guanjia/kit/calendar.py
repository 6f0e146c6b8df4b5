"""Working time: weekly spans, dates of their own, public holidays with their make-up working days (调休).

Make-up day beats holiday beats weekday (product rule for clocks); a company's own date beats all of them.
Public holidays are those of the State Council's yearly notice, as the library ``chinesecalendar`` has them.
For a year that is not announced yet only the days count that the regulation itself fixes in the civil year
(全国年节及纪念日放假办法, 2024: 1 January, 1–2 May, 1–3 October).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

import chinese_calendar

from guanjia.kit.errors import Invalid

PublicHoliday = Literal[
    "new_year",
    "spring_festival",
    "qingming",
    "labour",
    "dragon_boat",
    "mid_autumn",
    "national",
    "victory",
]
Span = tuple[str, str]
Interval = tuple[datetime, datetime]

DAY = timedelta(days=1)
# A calendar that stays open or closed for so long has no further change worth waiting for.
HORIZON_DAYS = 800
_MINUTES = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_NAMES: dict[str, PublicHoliday] = {
    "New Year's Day": "new_year",
    "Spring Festival": "spring_festival",
    "Tomb-sweeping Day": "qingming",
    "Labour Day": "labour",
    "Dragon Boat Festival": "dragon_boat",
    "Mid-autumn Festival": "mid_autumn",
    "National Day": "national",
    "Anti-Fascist 70th Day": "victory",
}
_FIXED: dict[tuple[int, int], PublicHoliday] = {
    (1, 1): "new_year",
    (5, 1): "labour",
    (5, 2): "labour",
    (10, 1): "national",
    (10, 2): "national",
    (10, 3): "national",
}
_ANNOUNCED_YEARS = frozenset(day.year for day in chinese_calendar.holidays)


def public_holiday(day: date) -> PublicHoliday | None:
    """The holiday to which a day off in mainland China belongs."""
    if day.year not in _ANNOUNCED_YEARS:
        return _FIXED.get((day.month, day.day))
    name = chinese_calendar.holidays.get(day)
    return None if name is None else _NAMES[name]


def is_make_up_day(day: date) -> bool:
    """Whether a day at a weekend is worked in exchange for a day of a holiday."""
    return day in chinese_calendar.workdays


class Calendar:
    """Working time of somebody in his time zone.

    ``weekly`` holds (weekday 1 = Monday … 7, "09:00", "18:00"), several a day; a span ends by "24:00" of its
    day at the latest; overlapping ones are joined. ``dates`` gives a date spans of its own, none for a day
    off. With ``uses_public_holidays`` a make-up day has the spans of the first weekday from Monday to Friday
    that has any.

    Invalid names the field: ``calendar_without_spans``, ``span_invalid``, ``weekday_invalid``,
    ``time_zone_unknown``.
    """

    def __init__(
        self,
        time_zone: str,
        weekly: Iterable[tuple[int, str, str]],
        dates: Mapping[date, Iterable[Span]] | None = None,
        *,
        uses_public_holidays: bool = False,
    ) -> None:
        try:
            self._zone = ZoneInfo(time_zone)
        except (OSError, ValueError, KeyError) as error:
            raise Invalid(fields={"time_zone": "time_zone_unknown"}) from error
        self._weekly: dict[int, list[tuple[int, int]]] = {}
        for weekday, start, end in weekly:
            if not 1 <= weekday <= 7:
                raise Invalid(fields={"weekly": "weekday_invalid"})
            self._weekly.setdefault(weekday, []).append(_minutes(start, end, "weekly"))
        self._dates = {
            day: [_minutes(start, end, "dates") for start, end in spans] for day, spans in (dates or {}).items()
        }
        if not self._weekly and not any(self._dates.values()):
            raise Invalid(fields={"weekly": "calendar_without_spans"})
        self._uses_public_holidays = uses_public_holidays
        self._days: dict[date, list[Interval]] = {}

    def is_open(self, at: datetime) -> bool:
        """Whether ``at`` is working time; a span holds its start, not its end."""
        return any(start <= at < end for start, end in self._day(self._local_day(at)))

    def next_opening(self, at: datetime) -> datetime | None:
        """The first moment of working time not before ``at``: ``at`` itself while open; None: never again."""
        for start, end in self._forward(at):
            if at < end:
                return max(start, at)
        return None

    def next_change(self, at: datetime) -> datetime | None:
        """When it next opens or closes after ``at``; None: never, as far as can be seen."""
        for start, end in _joined(self._forward(at)):
            if at < start:
                return start
            if at < end:
                return end if (end - at).days < HORIZON_DAYS - 2 else None
        return None

    def add_working(self, start: datetime, seconds: float) -> datetime:
        """The earliest moment by which ``seconds`` of working time have passed since ``start``.

        ValueError when so much working time never comes (a calendar of dates only, all of them past).
        """
        left = _length(seconds)
        if not left:
            return start
        for opening, closing in self._forward(start):
            opening = max(opening, start)
            if closing - opening >= left:
                return opening + left
            if closing > opening:
                left -= closing - opening
        raise ValueError("the calendar has no such working time left")

    def subtract_working(self, end: datetime, seconds: float) -> datetime:
        """The latest moment from which ``seconds`` of working time pass until ``end``; ValueError as above."""
        left = _length(seconds)
        if not left:
            return end
        for opening, closing in self._backward(end):
            closing = min(closing, end)
            if closing - opening >= left:
                return closing - left
            if closing > opening:
                left -= closing - opening
        raise ValueError("the calendar had no such working time")

    def working_between(self, start: datetime, end: datetime) -> float:
        """Seconds of working time from ``start`` to ``end``; negative when ``end`` is earlier."""
        if end < start:
            return -self.working_between(end, start)
        total = timedelta()
        day, last = self._local_day(start) - DAY, self._local_day(end) + DAY
        while day <= last:
            for opening, closing in self._day(day):
                total += max(min(closing, end) - max(opening, start), timedelta())
            day += DAY
        return total.total_seconds()

    def _local_day(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def _spans(self, day: date) -> list[tuple[int, int]]:
        """What the rules say of a day: its own spans, else make-up day, else holiday, else its weekday."""
        if day in self._dates:
            return self._dates[day]
        if self._uses_public_holidays:
            if is_make_up_day(day):
                worked = (self._weekly[number] for number in range(1, 6) if number in self._weekly)
                return next(worked, self._weekly.get(day.isoweekday(), []))
            if public_holiday(day) is not None:
                return []
        return self._weekly.get(day.isoweekday(), [])

    def _day(self, day: date) -> list[Interval]:
        """The working time of a local day as moments, in order and apart."""
        known = self._days.get(day)
        if known is None:
            spans = ((self._moment(day, start), self._moment(day, end)) for start, end in self._spans(day))
            # Where summer time begins, a span may shrink to nothing or run into the next one.
            known = list(_joined(sorted(span for span in spans if span[0] < span[1])))
            self._days[day] = known
        return known

    def _moment(self, day: date, minute: int) -> datetime:
        local = datetime.combine(day, datetime.min.time(), self._zone) + timedelta(minutes=minute)
        return local.astimezone(UTC)

    def _forward(self, at: datetime) -> Iterator[Interval]:
        """Intervals from that which holds ``at`` on, until nothing has come for the horizon."""
        day, empty = self._local_day(at) - DAY, 0
        while empty < HORIZON_DAYS and day < date.max - DAY:
            spans = self._day(day)
            yield from (span for span in spans if span[1] > at)
            empty = 0 if spans else empty + 1
            day += DAY

    def _backward(self, at: datetime) -> Iterator[Interval]:
        day, empty = self._local_day(at) + DAY, 0
        while empty < HORIZON_DAYS and day > date.min + DAY:
            spans = self._day(day)
            yield from (span for span in reversed(spans) if span[0] < at)
            empty = 0 if spans else empty + 1
            day -= DAY


def _joined(spans: Iterable[Interval]) -> Iterator[Interval]:
    """Intervals in order, those that touch made one, each at most as long as the horizon."""
    start: datetime | None = None
    end = datetime.min.replace(tzinfo=UTC)
    for opening, closing in spans:
        if start is not None and opening <= end and (end - start).days < HORIZON_DAYS:
            end = max(end, closing)
            continue
        if start is not None:
            yield start, end
        start, end = opening, closing
    if start is not None:
        yield start, end


@cache
def _minute(text: str) -> int:
    if text == "24:00":
        return 24 * 60
    found = _MINUTES.match(text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * 60 + int(found[2])


def _minutes(start: str, end: str, field: str) -> tuple[int, int]:
    try:
        span = _minute(start), _minute(end)
    except ValueError as error:
        raise Invalid(fields={field: "span_invalid"}) from error
    if span[0] >= span[1]:
        raise Invalid(fields={field: "span_invalid"})
    return span


def _length(seconds: float) -> timedelta:
    if seconds < 0:
        raise ValueError("working time is counted forward: seconds must not be negative")
    return timedelta(seconds=seconds)

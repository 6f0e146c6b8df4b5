"""Working time (processes.md, Clocks 1–3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guanjia.kit.calendar import Calendar, is_make_up_day, public_holiday
from guanjia.kit.errors import Invalid

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKDAYS = [(day, start, end) for day in range(1, 6) for start, end in (("09:00", "12:00"), ("13:00", "18:00"))]
HOUR = 3600.0


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


PLAIN = Calendar("Asia/Shanghai", WORKDAYS)
CHINA = Calendar("Asia/Shanghai", WORKDAYS, uses_public_holidays=True)
# 2026-10-02 is a National Day holiday on which this company works in the morning; 2026-11-04 is its own day off.
OWN = Calendar(
    "Asia/Shanghai",
    WORKDAYS,
    {date(2026, 10, 2): [("08:00", "10:30")], date(2026, 11, 4): []},
    uses_public_holidays=True,
)
NEW_YORK = Calendar("America/New_York", [(day, "00:30", "04:00") for day in range(1, 8)])
ALWAYS = Calendar("Asia/Shanghai", [(day, "00:00", "24:00") for day in range(1, 8)])


@pytest.mark.parametrize(
    ("calendar", "at", "is_open"),
    [
        (PLAIN, "2026-11-02T08:59:59", False),  # a Monday
        (PLAIN, "2026-11-02T09:00:00", True),
        (PLAIN, "2026-11-02T11:59:59.999999", True),
        (PLAIN, "2026-11-02T12:00:00", False),
        (PLAIN, "2026-11-02T13:00:00", True),
        (PLAIN, "2026-11-02T18:00:00", False),
        (PLAIN, "2026-11-07T10:00:00", False),  # a Saturday
        (PLAIN, "2026-10-01T10:00:00", True),  # a holiday that this one does not keep
        (CHINA, "2026-10-01T10:00:00", False),
        (CHINA, "2026-10-10T10:00:00", True),  # make-up Saturday
        (CHINA, "2026-10-10T12:30:00", False),
        (CHINA, "2026-10-11T10:00:00", False),
        (CHINA, "2027-01-01T10:00:00", False),  # not announced, but fixed by the regulation
        (CHINA, "2027-01-04T10:00:00", True),
        (OWN, "2026-10-02T08:30:00", True),
        (OWN, "2026-10-02T13:30:00", False),
        (OWN, "2026-11-04T10:00:00", False),
        (OWN, "2026-11-05T10:00:00", True),
        (ALWAYS, "2026-10-01T00:00:00", True),
    ],
)
def test_open_or_not(calendar: Calendar, at: str, is_open: bool) -> None:
    assert calendar.is_open(local(at)) is is_open
    assert calendar.is_open(local(at).astimezone(UTC)) is is_open


@pytest.mark.parametrize(
    ("calendar", "at", "opening", "change"),
    [
        (PLAIN, "2026-11-02T10:00", "2026-11-02T10:00", "2026-11-02T12:00"),
        (PLAIN, "2026-11-02T12:00", "2026-11-02T13:00", "2026-11-02T13:00"),
        (PLAIN, "2026-11-06T18:00", "2026-11-09T09:00", "2026-11-09T09:00"),
        (CHINA, "2026-09-30T18:00", "2026-10-08T09:00", "2026-10-08T09:00"),
        (OWN, "2026-09-30T18:00", "2026-10-02T08:00", "2026-10-02T08:00"),
        (CHINA, "2026-02-14T18:00", "2026-02-24T09:00", "2026-02-24T09:00"),
    ],
)
def test_next_opening_and_change(calendar: Calendar, at: str, opening: str, change: str) -> None:
    assert calendar.next_opening(local(at)) == local(opening)
    assert calendar.next_change(local(at)) == local(change)


def test_round_the_clock_never_changes() -> None:
    at = local("2026-11-02T10:00")
    assert ALWAYS.next_change(at) is None
    assert ALWAYS.next_opening(at) == at
    assert ALWAYS.add_working(at, 86_400 * 30) == at + timedelta(days=30)


def test_spans_that_meet_at_midnight_are_one() -> None:
    night = Calendar("Asia/Shanghai", [(1, "22:00", "24:00"), (2, "00:00", "06:00")])
    assert night.next_change(local("2026-11-02T23:00")) == local("2026-11-03T06:00")


def test_overlapping_spans_count_once() -> None:
    calendar = Calendar("Asia/Shanghai", [(1, "09:00", "12:00"), (1, "11:00", "14:00"), (1, "10:00", "11:00")])
    assert calendar.working_between(local("2026-11-02T00:00"), local("2026-11-03T00:00")) == 5 * HOUR


def test_dates_alone_end_some_day() -> None:
    calendar = Calendar("Asia/Shanghai", [], {date(2026, 11, 2): [("09:00", "10:00")]})
    assert calendar.next_opening(local("2026-10-01T00:00")) == local("2026-11-02T09:00")
    assert calendar.next_opening(local("2026-11-02T10:00")) is None
    assert calendar.next_change(local("2026-11-02T10:00")) is None
    assert calendar.add_working(local("2026-10-01T00:00"), HOUR) == local("2026-11-02T10:00")
    with pytest.raises(ValueError, match="no such working time"):
        calendar.add_working(local("2026-10-01T00:00"), HOUR + 1)
    with pytest.raises(ValueError, match="no such working time"):
        calendar.subtract_working(local("2026-12-01T00:00"), HOUR + 1)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-02T09:00", 3, "2026-11-02T12:00"),
        ("2026-11-02T09:00", 4, "2026-11-02T14:00"),
        ("2026-11-06T17:00", 2, "2026-11-09T10:00"),
        ("2026-11-07T10:00", 8, "2026-11-09T18:00"),
        ("2026-09-30T17:00", 2, "2026-10-08T10:00"),
        ("2026-10-09T17:00", 2, "2026-10-10T10:00"),
        ("2026-11-02T09:00", 0, "2026-11-02T09:00"),
    ],
)
def test_adding_working_time(start: str, hours: float, end: str) -> None:
    assert CHINA.add_working(local(start), hours * HOUR) == local(end)


def test_negative_lengths_are_a_fault() -> None:
    with pytest.raises(ValueError, match="negative"):
        PLAIN.add_working(local("2026-11-02T09:00"), -1)
    with pytest.raises(ValueError, match="negative"):
        PLAIN.subtract_working(local("2026-11-02T09:00"), -1)


def test_summer_time() -> None:
    """On 2026-03-08 the hour from 02:00 is missing in New York, on 2026-11-01 that from 01:00 comes twice."""
    zone = ZoneInfo("America/New_York")
    for day, hours in ((date(2026, 3, 7), 3.5), (date(2026, 3, 8), 2.5), (date(2026, 11, 1), 4.5)):
        start = datetime(day.year, day.month, day.day, tzinfo=zone)
        end = start + timedelta(days=1)
        assert NEW_YORK.working_between(start, end) == hours * HOUR
    gap = Calendar("America/New_York", [(7, "02:00", "02:59"), (7, "03:00", "04:00")])
    assert gap.working_between(datetime(2026, 3, 8, tzinfo=zone), datetime(2026, 3, 9, tzinfo=zone)) == HOUR


@pytest.mark.parametrize(
    ("zone", "weekly", "dates", "field", "reason"),
    [
        ("Asia/Shanghai", [], None, "weekly", "calendar_without_spans"),
        ("Asia/Shanghai", [], {date(2026, 1, 1): []}, "weekly", "calendar_without_spans"),
        ("Asia/Nowhere", WORKDAYS, None, "time_zone", "time_zone_unknown"),
        ("../etc/passwd", WORKDAYS, None, "time_zone", "time_zone_unknown"),
        ("", WORKDAYS, None, "time_zone", "time_zone_unknown"),
        ("Asia", WORKDAYS, None, "time_zone", "time_zone_unknown"),
        ("a\x00b", WORKDAYS, None, "time_zone", "time_zone_unknown"),
        ("Asia/Shanghai", [(0, "09:00", "10:00")], None, "weekly", "weekday_invalid"),
        ("Asia/Shanghai", [(8, "09:00", "10:00")], None, "weekly", "weekday_invalid"),
        ("Asia/Shanghai", [(1, "10:00", "09:00")], None, "weekly", "span_invalid"),
        ("Asia/Shanghai", [(1, "09:00", "09:00")], None, "weekly", "span_invalid"),
        ("Asia/Shanghai", [(1, "9:00", "10:00")], None, "weekly", "span_invalid"),
        ("Asia/Shanghai", [(1, "09:00", "24:01")], None, "weekly", "span_invalid"),
        ("Asia/Shanghai", [(1, "09:00\n", "10:00")], None, "weekly", "span_invalid"),
        ("Asia/Shanghai", [(1, "٠٩:00", "10:00")], None, "weekly", "span_invalid"),
        ("Asia/Shanghai", WORKDAYS, {date(2026, 1, 1): [("x", "y")]}, "dates", "span_invalid"),
    ],
)
def test_what_is_no_calendar(
    zone: str,
    weekly: list[tuple[int, str, str]],
    dates: dict[date, list[tuple[str, str]]] | None,
    field: str,
    reason: str,
) -> None:
    with pytest.raises(Invalid) as refused:
        Calendar(zone, weekly, dates)
    assert refused.value.fields == {field: reason}


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        ("2026-01-01", "new_year"),
        ("2026-02-17", "spring_festival"),
        ("2026-04-05", "qingming"),
        ("2026-05-01", "labour"),
        ("2026-06-19", "dragon_boat"),
        ("2026-09-25", "mid_autumn"),
        ("2026-10-01", "national"),
        ("2015-09-03", "victory"),
        ("2026-11-02", None),
        ("2040-01-01", "new_year"),
        ("2040-05-02", "labour"),
        ("2040-10-03", "national"),
        ("2040-10-04", None),
    ],
)
def test_names_of_holidays(day: str, holiday: str | None) -> None:
    assert public_holiday(date.fromisoformat(day)) == holiday


def test_every_announced_holiday_has_a_name_and_is_no_make_up_day() -> None:
    for day in chinese_calendar.holidays:
        assert public_holiday(day) is not None
        assert not is_make_up_day(day)
    assert is_make_up_day(date(2026, 10, 10))


MINUTES = 1440


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Weekly spans, some dates, one of some zones, with or without public holidays."""

    def text(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    def spans(most: int) -> st.SearchStrategy[list[tuple[str, str]]]:
        pair = st.tuples(st.integers(0, MINUTES), st.integers(0, MINUTES)).filter(lambda one: one[0] != one[1])
        return st.lists(pair.map(lambda one: (text(min(one)), text(max(one)))), max_size=most)

    weekly = [(day, start, end) for day in range(1, 8) for start, end in draw(spans(2))]
    assume(weekly)
    days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
    dates = draw(st.dictionaries(days, spans(2), max_size=3))
    zone = draw(st.sampled_from(["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]))
    return Calendar(zone, weekly, dates, uses_public_holidays=draw(st.booleans()))


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds
lengths = st.integers(1, 40 * 24 * 3600)


@given(calendars(), moments, lengths)
@settings(max_examples=150, deadline=None)
def test_forward_then_backward_is_the_same_moment(calendar: Calendar, start: datetime, seconds: int) -> None:
    opening = calendar.next_opening(start)
    assert opening is not None
    end = calendar.add_working(start, seconds)
    assert calendar.subtract_working(end, seconds) == opening
    assert calendar.add_working(opening, seconds) == end
    back = calendar.subtract_working(start, seconds)
    assert calendar.working_between(back, start) == seconds
    again = calendar.add_working(back, seconds)
    assert calendar.working_between(again, start) == 0
    assert again <= start


@given(calendars(), moments, lengths, lengths)
@settings(max_examples=150, deadline=None)
def test_lengths_add_up(calendar: Calendar, start: datetime, first: int, second: int) -> None:
    middle = calendar.add_working(start, first)
    end = calendar.add_working(start, first + second)
    assert calendar.add_working(middle, second) == end
    assert calendar.working_between(start, middle) == first
    assert calendar.working_between(middle, end) == second
    assert calendar.working_between(start, end) == first + second
    assert calendar.working_between(end, start) == -(first + second)


@given(calendars(), moments, lengths, st.integers(0, 7 * 24 * 3600))
@settings(max_examples=100, deadline=None)
def test_later_starts_and_longer_times_never_end_earlier(
    calendar: Calendar, start: datetime, seconds: int, more: int
) -> None:
    end = calendar.add_working(start, seconds)
    assert end >= start + timedelta(seconds=seconds)
    assert calendar.add_working(start + timedelta(seconds=more), seconds) >= end
    assert calendar.add_working(start, seconds + more) >= end


@given(calendars(), moments)
@settings(max_examples=100, deadline=None)
def test_changes_are_where_it_opens_and_closes(calendar: Calendar, at: datetime) -> None:
    is_open = calendar.is_open(at)
    assert (calendar.next_opening(at) == at) is is_open
    change = calendar.next_change(at)
    if change is None:
        assert is_open
        return
    assert change > at
    assert calendar.is_open(change) is not is_open
    assert calendar.is_open(change - timedelta(microseconds=1)) is is_open
    elapsed = (change - at).total_seconds()
    assert calendar.working_between(at, change) == pytest.approx(elapsed if is_open else 0)


@given(calendars(), st.lists(moments, min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_parts_make_the_whole(calendar: Calendar, marks: list[datetime]) -> None:
    marks.sort()
    parts = sum(calendar.working_between(start, end) for start, end in pairwise(marks))
    assert parts == pytest.approx(calendar.working_between(marks[0], marks[-1]))

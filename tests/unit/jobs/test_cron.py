from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.cron import recurrence

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def times(cron: str, timezone: str, start: str, count: int) -> list[str]:
    found, moment = [], at(start)
    for _ in range(count):
        moment = recurrence(cron, timezone).after(moment)
        found.append(f"{moment:%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 6 * * *", ["11-22 06:30", "11-23 06:30"]),
        ("*/20 * * * *", ["11-22 05:20", "11-22 05:40"]),
        ("0 9-17/4 * * mon-fri", ["11-23 09:00", "11-23 13:00"]),
        ("15 10 1,15 * *", ["12-01 10:15", "12-15 10:15"]),
        ("0 0 1 jan *", ["01-01 00:00", "01-01 00:00"]),
        ("0 0 L * *", ["11-30 00:00", "12-31 00:00"]),
        ("0 8 * * 1#1", ["12-07 08:00", "01-04 08:00"]),
        ("@hourly", ["11-22 06:00", "11-22 07:00"]),
        ("@daily", ["11-23 00:00", "11-24 00:00"]),
        ("@Weekly", ["11-29 00:00", "12-06 00:00"]),
        ("@monthly", ["12-01 00:00", "01-01 00:00"]),
        ("  0   12 * * * ", ["11-22 12:00", "11-23 12:00"]),
    ],
)
def test_times_follow_the_expression(cron: str, expected: list[str]) -> None:
    assert times(cron, "UTC", "2026-11-22T05:00:00", 2) == expected


def test_an_hour_is_one_of_the_zone() -> None:
    assert times("0 9 * * *", "Asia/Kolkata", "2026-11-22T05:00:00", 1) == ["11-23 03:30"]
    assert times("0 9 * * *", BERLIN, "2026-07-01T05:00:00", 1) == ["07-01 07:00"]
    assert times("0 9 * * *", BERLIN, "2026-12-01T05:00:00", 1) == ["12-01 08:00"]


def test_an_hour_that_the_clock_leaves_out_comes_at_the_next_minute_there_is() -> None:
    # 2026-03-29 in Berlin: 02:00 is 03:00.
    assert times("30 2 * * *", BERLIN, "2026-03-27T12:00:00", 3) == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]
    assert times("10,40 2 * * *", BERLIN, "2026-03-28T12:00:00", 2) == ["03-29 01:00", "03-30 00:10"]


def test_an_hour_that_the_clock_shows_twice_counts_once() -> None:
    # 2026-10-25 in Berlin: at 03:00 it is 02:00 again. 02:30 summer time is 00:30 UTC.
    assert times("30 2 * * *", BERLIN, "2026-10-24T12:00:00", 2) == ["10-25 00:30", "10-26 01:30"]
    assert times("30 2 * * *", BERLIN, "2026-10-25T00:30:00", 1) == ["10-26 01:30"]
    assert times("30 2 * * *", BERLIN, "2026-10-25T01:10:00", 1) == ["10-26 01:30"]


def test_what_runs_every_so_often_does_not_mind_the_clock() -> None:
    assert times("0 * * * *", NEW_YORK, "2026-11-01T04:30:00", 4) == [
        *("11-01 05:00", "11-01 06:00", "11-01 07:00", "11-01 08:00")
    ]
    assert times("*/30 * * * *", NEW_YORK, "2026-03-08T06:15:00", 3) == ["03-08 06:30", "03-08 07:00", "03-08 07:30"]


def test_what_runs_every_so_often_runs_in_both_hours_that_the_clock_shows() -> None:
    assert times("*/30 2 * * *", BERLIN, "2026-10-24T23:59:00", 4) == [
        *("10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30")
    ]
    assert times("*/30 2 * * *", BERLIN, "2026-03-28T12:00:00", 1) == ["03-30 00:00"]


def test_clocks_that_change_by_less_than_an_hour_or_not_at_the_full_hour_are_no_trap() -> None:
    assert times("*/7 3,16 * * *", "Pacific/Chatham", "2019-04-06T13:57:00", 3) == [
        *("04-06 14:15", "04-06 14:22", "04-06 14:29")
    ]
    assert times("*/41 0 * * *", "Australia/Lord_Howe", "2020-04-04T21:30:00", 2) == ["04-05 13:30", "04-05 14:11"]


@pytest.mark.parametrize(
    "cron",
    [
        *("", "* * * *", "* * * * * *", "0 0 * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
        *("* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "-1 * * * *", "1,,2 * * * *", "* * * * mon#6"),
        *("0 0 30 2 *", "0 0 */30 2 mon#5", "@reboot", "@every 5m", "* * * * ²L", "\0 * * * *", "* * * * " + "1," * 60),
        *("*/" + "9" * 5000 + " * * * *", "1/1/1 * * * *"),
    ],
)
def test_an_expression_that_means_nothing_is_refused(cron: str) -> None:
    with pytest.raises(PermanentError) as refused:
        recurrence(cron, "UTC")
    assert refused.value.code == "invalid_cron"
    assert refused.value.message


@pytest.mark.parametrize(
    "timezone",
    ["", "Berlin", "europe/berlin", "Europe", "../etc/passwd", "/etc/localtime", "localtime", "UTC\0", "+01:00"],
)
def test_a_zone_that_nobody_knows_is_refused(timezone: str) -> None:
    with pytest.raises(PermanentError) as refused:
        recurrence("* * * * *", timezone)
    assert refused.value.code == "invalid_timezone"


def test_after_a_rest_the_last_missed_time_counts() -> None:
    daily = recurrence("0 9 * * *", "UTC")
    first = at("2026-11-01T09:00:00")
    assert daily.latest(first, at("2026-11-01T09:00:00")) == first
    assert daily.latest(first, at("2026-11-01T23:00:00")) == first
    assert daily.latest(first, at("2026-11-22T08:59:59")) == at("2026-11-21T09:00:00")
    assert daily.latest(first, at("2026-11-22T09:00:00")) == at("2026-11-22T09:00:00")
    minutely = recurrence("* * * * *", "UTC")
    assert minutely.latest(at("2020-01-01T00:00:00"), at("2026-11-22T09:00:30")) == at("2026-11-22T09:00:00")
    leap_day = recurrence("0 0 29 2 *", "UTC")
    assert leap_day.latest(at("1996-02-29T00:00:00"), at("2026-11-22T00:00:00")) == at("2024-02-29T00:00:00")


# Europe, America, half an hour, three quarters past the hour, midnight, a zone that changed its mind, and none.
ZONES = [BERLIN, NEW_YORK, "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Beirut", "Africa/Casablanca", "UTC"]
MINUTE = dt.timedelta(minutes=1)


@st.composite
def fields(draw: st.DrawFn, least: int, most: int, stars: bool = True) -> str:
    some = st.lists(st.integers(least, most), min_size=1, max_size=3).map(lambda numbers: ",".join(map(str, numbers)))
    steps = st.integers(1, most).map(lambda step: f"*/{step}")
    return draw(st.one_of(st.just("*"), some, steps) if stars else some)


def parts(field: str, most: int) -> set[int]:
    if field.startswith("*"):
        return set(range(0, most + 1, int(field.partition("/")[2] or 1)))
    return {int(number) for number in field.split(",")}


@st.composite
def moments(draw: st.DrawFn, timezone: str) -> dt.datetime:
    """Moments of a year, half of them around a day on which the clock changes, if there is one."""
    year = at("2026-01-01") if draw(st.booleans()) else at("2019-01-01")
    offsets = [(year + dt.timedelta(days=day)).astimezone(ZoneInfo(timezone)).utcoffset() for day in range(366)]
    changes = [day for day in range(365) if offsets[day] != offsets[day + 1]]
    days = st.integers(0, 364) if not changes or draw(st.booleans()) else st.sampled_from(changes)
    return year + dt.timedelta(days=draw(days), minutes=draw(st.integers(-600, 1800)), seconds=draw(st.integers(0, 59)))


@pytest.mark.parametrize("timezone", ZONES)
@given(minute=fields(0, 59), hour=fields(0, 23), data=st.data())
def test_what_comes_every_so_often_comes_whenever_the_clock_shows_it(
    timezone: str, minute: str, hour: str, data: st.DataObject
) -> None:
    assume("*" in minute or "*" in hour or timezone == "UTC")
    moment = data.draw(moments(timezone))
    looked_at = moment.replace(second=0)
    matches = False
    while not matches:
        looked_at += MINUTE
        shown = looked_at.astimezone(ZoneInfo(timezone))
        matches = shown.minute in parts(minute, 59) and shown.hour in parts(hour, 23)
    assert recurrence(f"{minute} {hour} * * *", timezone).after(moment) == looked_at


@pytest.mark.parametrize("timezone", ZONES)
@given(minute=fields(0, 59, stars=False), hour=fields(0, 23, stars=False), data=st.data())
def test_a_fixed_hour_comes_every_day_and_no_more_often(
    timezone: str, minute: str, hour: str, data: st.DataObject
) -> None:
    first = data.draw(moments(timezone))
    recurring = recurrence(f"{minute} {hour} * * *", timezone)
    found = [recurring.after(first)]
    for _ in range(20):
        found.append(recurring.after(found[-1]))
    for before, after in pairwise(found):
        assert before < after <= before + dt.timedelta(hours=25)
        shown = [time.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) for time in (before, after)]
        assert shown[0] < shown[1]


@pytest.mark.parametrize("timezone", ZONES)
@given(minute=fields(0, 59), hour=fields(0, 23), rest=st.integers(0, 3 * 1440), data=st.data())
def test_the_last_missed_time_is_the_one_before_the_next(
    timezone: str, minute: str, hour: str, rest: int, data: st.DataObject
) -> None:
    recurring = recurrence(f"{minute} {hour} * * *", timezone)
    first = recurring.after(data.draw(moments(timezone)))
    until = first + rest * MINUTE
    last = recurring.latest(first, until)
    assert first <= last <= until
    assert recurring.after(last) > until
    assert last == first or recurring.after(last - MINUTE) == last

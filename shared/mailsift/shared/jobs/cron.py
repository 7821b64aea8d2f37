"""The times of a cron expression in a time zone; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from mailsift.shared.errors import PermanentError

INVALID_CRON = "invalid_cron"
INVALID_TIMEZONE = "invalid_timezone"

_LONGEST = 100
_FIELDS = 5
_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# What the machine is set to is no zone of its own, and may differ from one machine to the next.
_NO_ZONES = {"localtime", "Factory"}
_MINUTE = dt.timedelta(minutes=1)
_SOME_DAY = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A cron expression of five fields, and the zone whose clock it means.

    Where the clock is set forward or back it does what Debian's cron does: a fixed hour that is left out comes at the
    next minute there is, one that comes twice counts once, and what comes every so many minutes or hours goes on so.
    """

    cron: str
    zone: ZoneInfo

    def after(self, moment: dt.datetime) -> dt.datetime:
        """Return its first time after `moment`, in UTC. Raises PermanentError when there is none."""
        clock = moment.astimezone(self.zone).replace(tzinfo=None)
        found = [time for time in (self._first(moment, clock), self._again(moment, clock)) if time is not None]
        if not found:
            raise PermanentError(INVALID_CRON, "there is no such day")
        return min(found)

    def latest(self, first: dt.datetime, until: dt.datetime) -> dt.datetime:
        """Return its last time up to `until`; `first`, which is one of its times, if none is later."""
        last, low, high = first, 0, int((until - first) / _MINUTE)
        while low <= high:
            middle = (low + high) // 2
            time = self.after(first + middle * _MINUTE)
            if time <= until:
                last, low = time, middle + 1
            else:
                high = middle - 1
        return last

    @property
    def _goes_on(self) -> bool:
        return any(field.startswith("*") for field in self.cron.split()[:2])

    def _first(self, moment: dt.datetime, clock: dt.datetime) -> dt.datetime | None:
        for shown in self._shown(clock):
            if (time := self._time(shown)) is not None and time > moment:
                return time
        return None

    def _time(self, shown: dt.datetime) -> dt.datetime | None:
        while (time := _utc(shown, self.zone)).astimezone(self.zone).replace(tzinfo=None) != shown:
            # The clock, set forward, never shows that.
            if self._goes_on:
                return None
            shown += _MINUTE
        return time

    def _again(self, moment: dt.datetime, clock: dt.datetime) -> dt.datetime | None:
        """Return the first time after `moment` that the clock, set back, shows for the second time."""
        length = _shown_again_after(clock, self.zone)
        if not length or not self._goes_on:
            return None
        for shown in self._shown(clock - length):
            if _shown_again_after(shown, self.zone):
                if (time := _utc(shown, self.zone) + length) > moment:
                    return time
            elif shown > clock:
                break
        return None

    def _shown(self, clock: dt.datetime) -> Iterator[dt.datetime]:
        # Without a zone: with one, the library never comes to an end where clocks change by half an hour.
        return CronSim(self.cron, clock)


def recurrence(cron: str, timezone: str) -> Recurrence:
    """Read a cron expression, or a word such as @daily. Raises PermanentError for one that cannot be read."""
    if timezone not in _zones():
        raise PermanentError(INVALID_TIMEZONE, "not a time zone; write one like Europe/Berlin, or UTC")
    expression = " ".join(_WORDS.get(cron.strip().lower(), cron).split())
    if len(cron) > _LONGEST or len(expression.split()) != _FIELDS:
        raise PermanentError(INVALID_CRON, "write five fields: minute, hour, day of the month, month, day of the week")
    read = Recurrence(expression, ZoneInfo(timezone))
    try:
        read.after(_SOME_DAY)
    except CronSimError as error:
        raise PermanentError(INVALID_CRON, f"{error}".lower()) from error
    return read


def _utc(shown: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return when a clock shows that, for the first time."""
    return shown.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)


def _shown_again_after(shown: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    """Return after how long a clock that is set back shows the same again; zero if it does not."""
    again = shown.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)
    return max(again - _utc(shown, zone), dt.timedelta(0))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_ZONES)

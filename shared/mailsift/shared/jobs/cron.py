"""The times of a cron expression in a time zone; pure."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
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
_LOOKS_BACK = tuple(dt.timedelta(days=days) for days in (1 / 24, 1, 32, 366, 8 * 366))


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
        for time in self._after(moment):
            return time
        raise PermanentError(INVALID_CRON, "there is no such day")

    def latest(self, first: dt.datetime, until: dt.datetime) -> dt.datetime:
        """Return its last time up to `until`, `first` if none is later."""
        # A schedule of every minute may have missed a year: look at the last hour before the last day.
        for back in _LOOKS_BACK:
            start = max(first, until - back)
            times = takewhile(lambda time: time <= until, self._after(start))
            if last := deque(times, maxlen=1):
                return last[0]
            if start == first:
                break
        return first

    def _after(self, moment: dt.datetime) -> Iterator[dt.datetime]:
        last = moment.astimezone(dt.UTC)
        for local in CronSim(self.cron, moment.astimezone(self.zone)):
            # In the hour that comes twice the clock alone does not say which of the two is meant.
            if (time := local.astimezone(dt.UTC)) > last:
                yield time
                last = time


def recurrence(cron: str, timezone: str) -> Recurrence:
    """Read a cron expression, or a word such as @daily. Raises PermanentError for one that cannot be read."""
    if timezone not in _zones():
        raise PermanentError(INVALID_TIMEZONE, "not a time zone; write one like Europe/Berlin, or UTC")
    expression = " ".join(_WORDS.get(cron.strip().lower(), cron).split())
    if len(cron) > _LONGEST or len(expression.split()) != _FIELDS:
        raise PermanentError(INVALID_CRON, "write five fields: minute, hour, day of the month, month, day of the week")
    read = Recurrence(expression, ZoneInfo(timezone))
    try:
        read.after(dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    except CronSimError as error:
        raise PermanentError(INVALID_CRON, f"{error}".lower()) from error
    return read


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_ZONES)

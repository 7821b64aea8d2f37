"""What a cell holds, as the text that a person reads there; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Final

# From here on a float is not every whole number any more.
_EXACT: Final = 2.0**53


def row_texts(values: Iterable[object]) -> list[str]:
    """The cells of a row, less the empty ones at its end: a sheet has no edge there.

    NULs, which an .xls may have, are left out: they have no place in the database.
    """
    cells = [value.replace("\0", "") if type(value) is str else _to_text(value) for value in values]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _to_text(value: object) -> str:
    return _WRITERS.get(type(value), str)(value)


def _number(value: float) -> str:
    """Whole numbers without a point; others with the 15 digits that spreadsheets vouch for."""
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else format(value, ".15g")


def _moment(value: dt.datetime) -> str:
    """ISO 8601 with a blank between, which spreadsheets take for a date again; midnight is the day alone."""
    if value.time() == dt.time():
        return value.date().isoformat()
    return _without_zeros(value.isoformat(" ", "milliseconds"))


def _time(value: dt.time) -> str:
    return _without_zeros(value.isoformat("milliseconds"))


def _duration(value: dt.timedelta) -> str:
    """As in `27:30:00`: hours go on beyond a day."""
    minutes, seconds = divmod(round(abs(value).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' * (value < dt.timedelta())}{hours}:{minutes:02}:{seconds:02}"


def _without_zeros(text: str) -> str:
    return text.removesuffix(".000")


_WRITERS: Final[dict[type, Callable[..., str]]] = {
    type(None): lambda _: "",
    float: _number,
    bool: lambda value: "true" if value else "false",
    dt.datetime: _moment,
    dt.date: dt.date.isoformat,
    dt.time: _time,
    dt.timedelta: _duration,
}

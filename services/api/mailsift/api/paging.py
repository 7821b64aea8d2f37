"""Cursors: opaque words that say where the next page begins; pure."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

_GREATEST = 2**63 - 1  # of a bigint


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page in a list that runs from the newest to the oldest."""

    at: dt.datetime
    id: uuid.UUID


def position_cursor(position: Position) -> str:
    """Write a position as a cursor."""
    return _encode([position.at.isoformat(), str(position.id)])


def parse_position(cursor: object) -> Position:
    """Read a cursor back. Raises ValueError for one that was not given out."""
    at, row_id = _decode(cursor, [str, str])
    moment = dt.datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError(_FOREIGN)
    return Position(moment, uuid.UUID(row_id))


def number_cursor(number: int) -> str:
    """Write a row's number as a cursor."""
    return _encode([number])


def parse_number(cursor: object) -> int:
    """Read a cursor back. Raises ValueError for one that was not given out."""
    (number,) = _decode(cursor, [int])
    if not 0 <= number <= _GREATEST:
        raise ValueError(_FOREIGN)
    return int(number)


_FOREIGN = "not a cursor of this list; use the `next` of its last page"


def _encode(parts: list[str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(cursor: object, kinds: list[type]) -> list[Any]:
    if not isinstance(cursor, str):
        raise ValueError(_FOREIGN)  # noqa: TRY004 - pydantic reports ValueError as the field's fault
    try:
        parts = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise ValueError(_FOREIGN) from error
    if not isinstance(parts, list) or [type(part) for part in parts] != kinds:
        raise ValueError(_FOREIGN)
    return parts

"""Reading a list page by page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from mailsift.api.paging import Position, number_cursor, position_cursor
from mailsift.api.schemas.base import Listing, Numbered


def newest_first(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    listing: Listing,
    at: InstrumentedAttribute[dt.datetime],
    row_id: InstrumentedAttribute[uuid.UUID],
) -> tuple[Sequence[RowMapping], str | None]:
    """Read one page of a list from the newest to the oldest, and the cursor of the page after it.

    Rows that are added meanwhile do not shift it.
    """
    if listing.cursor is not None:
        query = query.where(tuple_(at, row_id) < (listing.cursor.at, listing.cursor.id))
    rows, has_more = _page(connection, query.order_by(at.desc(), row_id.desc()), listing.limit)
    return rows, position_cursor(Position(rows[-1][at.key], rows[-1][row_id.key])) if has_more else None


def by_number(
    connection: Connection, query: Select[*tuple[Any, ...]], listing: Numbered, number: InstrumentedAttribute[int]
) -> tuple[Sequence[RowMapping], str | None]:
    """Read one page of a list that runs by number, and the cursor of the page after it."""
    if listing.cursor is not None:
        query = query.where(number > listing.cursor)
    rows, has_more = _page(connection, query.order_by(number), listing.limit)
    return rows, number_cursor(rows[-1][number.key]) if has_more else None


def _page(connection: Connection, query: Select[*tuple[Any, ...]], limit: int) -> tuple[Sequence[RowMapping], bool]:
    # One row more than is shown tells whether there is another page.
    rows = connection.execute(query.limit(limit + 1)).mappings().all()
    return rows[:limit], len(rows) > limit

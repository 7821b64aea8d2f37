"""Reading a list page by page."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from mailsift.api.paging import Position, position_cursor
from mailsift.api.schemas.base import Listing


def newest_first(
    connection: Connection,
    query: Select[Any],
    listing: Listing,
    at: InstrumentedAttribute[dt.datetime],
    row_id: InstrumentedAttribute[uuid.UUID],
) -> tuple[list[RowMapping], str | None]:
    """Read one page of a list from the newest to the oldest, and the cursor of the page after it.

    Rows that are added meanwhile do not shift it.
    """
    if listing.cursor is not None:
        query = query.where(tuple_(at, row_id) < (listing.cursor.at, listing.cursor.id))
    rows = connection.execute(query.order_by(at.desc(), row_id.desc()).limit(listing.limit + 1)).mappings().all()
    if len(rows) <= listing.limit:
        return list(rows), None
    last = rows[listing.limit - 1]
    return list(rows[: listing.limit]), position_cursor(Position(last[at.key], last[row_id.key]))

"""The rows of an export: how many there are, and how they are read into its file."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Final, cast

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class with a small name
from sqlalchemy import Connection, text

from mailsift.exporter import selecting
from mailsift.exporter.extent import Extent, Part, Picks, Span
from mailsift.exporter.repository.orders import Order
from mailsift.exporter.writers.writer import AddedRows, CopiedRows, Rows
from mailsift.shared.db.suppressions import ANYTHING, COVERED, ENTRIES, IS_SUPPRESSED, make_room, suppressed_among
from mailsift.shared.errors import TransientError

_LIST: Final = """
    SELECT "sequenceNumber", columns, "emailAddress", "formatError", "duplicateOf"
    FROM "uploadEmails" WHERE "uploadId" = %(upload_id)s::uuid"""

# The one address of an analysis without a list is a list of one row and one column.
_SINGLE: Final = """
    SELECT "sequenceNumber", ARRAY["emailAddress"] AS columns, "emailAddress", NULL AS "formatError",
        NULL::bigint AS "duplicateOf"
    FROM "advancedEmailResults" WHERE "analysisId" = %(analysis_id)s::uuid"""

_IS_FIRST: Final = """mod("sequenceNumber" - 1, {entries}) = 0"""

_EXTENT: Final = f"""
    SELECT count(*) FILTER (WHERE {_IS_FIRST}), coalesce(max("sequenceNumber"), 0),
        coalesce(max(cardinality(columns)), 0)
    FROM ({{rows}}) AS entry"""

_ROWS: Final = f"""
    SELECT {{select}} FROM (
        {{rows}} AND "sequenceNumber" BETWEEN %(first)s AND %(last)s AND {_IS_FIRST}
        AND "sequenceNumber" <> ALL (%(left_out)s::bigint[])
    ) AS u1{{joins}}
    ORDER BY u1."sequenceNumber" """

_PICKED_ROWS: Final = """
    SELECT {select} FROM unnest(%(numbers)s::bigint[]) WITH ORDINALITY AS picked (number, place)
    JOIN ({rows}) AS u1 ON u1."sequenceNumber" = picked.number{joins}
    ORDER BY picked.place"""

_NUMBERS: Final = f"""
    SELECT u1."sequenceNumber" FROM ({{rows}} AND {_IS_FIRST}) AS u1{{joins}} WHERE {{condition}} ORDER BY {{order}}"""

# A row is left out for any of its addresses: its cells would tell that one, too.
_LEFT_OUT: Final = text(f"""
    WITH {COVERED}
    SELECT DISTINCT (e."sequenceNumber" - 1) / :entries * :entries + 1 AS number FROM {ENTRIES}
    WHERE e."uploadId" = :upload_id AND e."normalizedAddress" IS NOT NULL AND {IS_SUPPRESSED} AND {ANYTHING}
    ORDER BY number""")

_SINGLE_ADDRESS: Final = text("""
    SELECT "normalizedAddress" FROM "advancedEmailResults" WHERE "analysisId" = :analysis_id""")

_ENTRY: Final = """
    LEFT JOIN "uploadEmails" AS u{entry} ON u{entry}."uploadId" = %(upload_id)s::uuid
        AND u{entry}."sequenceNumber" = u1."sequenceNumber" + {entry} - 1"""

# A duplicate is answered by its first occurrence.
_ANSWER: Final = """
    LEFT JOIN "advancedEmailResults" AS r{entry} ON r{entry}."analysisId" = %(analysis_id)s::uuid
        AND r{entry}."sequenceNumber" = coalesce(u{entry}."duplicateOf", u{entry}."sequenceNumber")"""

# Both tables were loaded in the order of their keys, so walking the keys reads each page once and needs no memory. The
# planner, with statistics from before the load or of other lists, would hash all results anew for every slice, or hold
# each row against all of them.
_PLAN: Final = """
    SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off;
    SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
    SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL join_collapse_limit = 1"""

_ROWS_AT_ONCE: Final = 50  # of up to a megabyte each
_NUMBERS_AT_ONCE: Final = 10_000


def measure(connection: Connection, order: Order) -> Extent:
    """Count the rows, find the widest, and list those that are to be left out, and those that are wanted."""
    with _cursor(connection) as cursor:
        statement = _EXTENT.format(rows=_rows_of(order), entries=len(order.email_columns))
        cursor.execute(statement, _parameters(order))
        extent = cast("tuple[int, int, int]", cursor.fetchone())
    left_out = _left_out(connection, order)
    if order.selection.is_everything:
        return Extent(*extent, left_out)
    return Extent(*extent, left_out).picking(_pick(connection, order))


def write_rows(connection: Connection, order: Order, rows: Rows, part: Part) -> int:
    """Write the rows of a part, in order; returns how many there are."""
    statement, numbers = _statement(order, rows.select, part)
    parameters = {**_parameters(order), **numbers}
    with _cursor(connection) as cursor:
        cursor.execute(_PLAN)
    match rows:
        case CopiedRows():
            return _copy(connection, rows, statement, parameters)
        case AddedRows():
            return _add(connection, rows, statement, parameters)


def _left_out(connection: Connection, order: Order) -> Sequence[int]:
    if order.upload_id is None:
        keys = connection.scalars(_SINGLE_ADDRESS, {"analysis_id": order.analysis_id}).all()
        return [1] if suppressed_among(connection, order.workspace_id, keys) else []
    make_room(connection)
    parameters = {
        "upload_id": order.upload_id,
        "workspace_id": order.workspace_id,
        "entries": len(order.email_columns),
    }
    found = connection.scalars(_LEFT_OUT, parameters, execution_options={"yield_per": _NUMBERS_AT_ONCE})
    # Eight bytes each: they may be as many as the rows.
    return array("q", found)


def _copy(connection: Connection, rows: CopiedRows, statement: str, parameters: Mapping[str, object]) -> int:
    # COPY takes no parameters, so they are written into it, quoted by the driver.
    bound = {name: each if isinstance(each, str) else list(each) for name, each in rows.parameters.items()}
    with _cursor(connection) as cursor:
        query = cursor.mogrify(statement, {**parameters, **bound}).decode()
        try:
            cursor.copy_expert(f"COPY ({query}) TO STDOUT ({rows.options})", rows.stream)
        except psycopg2.Error as error:
            # Its own message may quote the query, and with it the user's column names.
            raise TransientError("copy_failed", f"COPY failed with SQLSTATE {error.pgcode}") from None
        return int(cursor.rowcount)


def _add(connection: Connection, rows: AddedRows, statement: str, parameters: Mapping[str, object]) -> int:
    added = 0
    with _cursor(connection, "export") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(statement, parameters)
        for added, row in enumerate(cursor, start=1):  # noqa: B007 - the count is asked for after the last
            rows.add(row)
    return added


def _cursor(connection: Connection, name: str | None = None) -> Cursor:
    """Open the driver's own cursor, which knows COPY; with a name it is the server's, and rows come a few at a time."""
    return cast("Cursor", connection.connection.cursor(name))


def _pick(connection: Connection, order: Order) -> Sequence[int]:
    """List the first entries of the rows that are wanted, in the order of the file."""
    selection, entries = order.selection, _entries(order)
    statement = _NUMBERS.format(
        rows=_rows_of(order),
        joins=_joins(order),
        entries=len(entries),
        condition=selecting.condition(selection, entries),
        order=selecting.order(selection, entries),
    )
    with _cursor(connection) as cursor:
        cursor.execute(_PLAN)
    with _cursor(connection, "picks") as cursor:
        cursor.itersize = _NUMBERS_AT_ONCE
        cursor.execute(statement, {**_parameters(order), **selecting.parameters(selection)})
        # Eight bytes each: they may be as many as the rows.
        return array("q", (number for (number,) in cursor))


def _statement(order: Order, what: str, part: Part) -> tuple[str, dict[str, object]]:
    pieces = {"select": what, "rows": _rows_of(order), "joins": _joins(order)}
    match part:
        case Span(first, last, left_out):
            statement = _ROWS.format(entries=len(order.email_columns), **pieces)
            return statement, {"first": first, "last": last, "left_out": _bigints(left_out)}
        case Picks(numbers):
            return _PICKED_ROWS.format(**pieces), {"numbers": _bigints(numbers)}


def _bigints(numbers: Sequence[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


def _entries(order: Order) -> range:
    return range(1, len(order.email_columns) + 1)


def _joins(order: Order) -> str:
    first, *others = (_ANSWER.format(entry=entry) for entry in _entries(order))
    return "".join([first, *(_ENTRY.format(entry=entry) + join for entry, join in enumerate(others, start=2))])


def _rows_of(order: Order) -> str:
    return _SINGLE if order.upload_id is None else _LIST


def _parameters(order: Order) -> dict[str, object]:
    return {"analysis_id": str(order.analysis_id), "upload_id": str(order.upload_id)}

"""Feeds rows to COPY on the connection of a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg2
from psycopg2 import sql
from sqlalchemy import Connection

from mailsift.shared.copy_text import READ_SIZE, CopyStream
from mailsift.shared.errors import TransientError
from mailsift.shared.observability import tracing


def copy_in(connection: Connection, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Load COPY text lines into a table as they come, in one statement.

    Raises what `lines` raises, and TransientError `copy_failed`.
    """
    stream = CopyStream(lines)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    cursor = connection.connection.cursor()
    try:
        with tracing.part("copy", table=table):
            cursor.copy_expert(statement, stream, size=READ_SIZE)
    except psycopg2.Error as error:
        if stream.failure is not None:
            raise stream.failure from None
        # Its own message quotes the row, which belongs in no log.
        raise TransientError("copy_failed", f"COPY into {table} failed with SQLSTATE {error.pgcode}") from None
    finally:
        cursor.close()

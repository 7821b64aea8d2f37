"""What the beginning of a list shows: its first rows, and what to expect of the rest; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mailsift.ingest.dialect import Dialect
from mailsift.ingest.disposable import is_disposable
from mailsift.ingest.entries import Finder, Found, keep
from mailsift.ingest.formats.table import Table
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import RejectedRow, Row

MOST_BYTES: Final = 1024 * 1024
"""How much of the file is read; of what is packed, how many characters of its rows."""

_MOST_ROWS_SHOWN: Final = 10
_MOST_CELLS_SHOWN: Final = 100
_LONGEST_CELL_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One of the first rows, its cells and their number cut."""

    row_number: int
    columns: list[str]


@dataclass(slots=True)
class Tally:
    """What was counted among the first rows."""

    rows: int = 0
    no_address: int = 0
    emails: int = 0
    bad_syntax: int = 0
    duplicates: int = 0
    disposable: int = 0

    def add(self, found: Sequence[Found | None], repeats: Repeats) -> None:
        """Count what the e-mail columns of a row hold."""
        self.rows += 1
        self.no_address += not any(found)
        for _, normalized, domain, fault in filter(None, found):
            self.emails += 1
            self.bad_syntax += fault is not None
            self.duplicates += repeats.first(normalized, self.emails) is not None
            self.disposable += domain is not None and is_disposable(domain)


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a list."""

    complete: bool
    """Whether that is all of it."""
    bytes_read: int
    estimated_rows: int | None
    """None when nobody can tell from so little."""
    rows: list[ShownRow]
    tally: Tally

    def to_json(self) -> dict[str, Any]:
        """Give it the shape that users see."""
        tally = self.tally
        return {
            "complete": self.complete,
            "bytesRead": self.bytes_read,
            "rowsRead": tally.rows,
            "estimatedRows": self.estimated_rows,
            "rows": [{"rowNumber": row.row_number, "columns": row.columns} for row in self.rows],
            "estimate": {
                "badSyntax": _share(tally.bad_syntax, tally.emails),
                "duplicates": _share(tally.duplicates, tally.emails),
                "disposable": _share(tally.disposable, tally.emails),
                "noAddress": _share(tally.no_address, tally.rows),
            },
        }


def look(table: Table, dialect: Dialect, size: int) -> Preview:
    """Read the first rows of a file of `size` bytes."""
    finder, repeats, tally = Finder(dialect), Repeats(), Tally()
    shown: list[ShownRow] = []
    beginning = _Beginning(table)
    for row in beginning:
        cells = row.columns if isinstance(row, Row) else []
        tally.add(finder.look(cells), repeats)
        if cells and len(shown) < _MOST_ROWS_SHOWN:
            kept = cells if dialect.kept_columns is None else keep(cells, dialect.kept_columns)
            shown.append(ShownRow(row.row_number, [cell[:_LONGEST_CELL_SHOWN] for cell in kept[:_MOST_CELLS_SHOWN]]))
    return Preview(beginning.complete, table.bytes_read, _rows_in_all(beginning, tally.rows, size), shown, tally)


class _Beginning:
    """The rows of a table until enough of it has been read."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.complete = False
        self.bytes_used = 0
        """Of what the rows so far were made: a block that was only just read is not among it."""

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        at = characters = 0
        for row in self._table:
            if self._table.bytes_read > at:
                self.bytes_used, at = at, self._table.bytes_read
            if at >= MOST_BYTES or characters >= MOST_BYTES:
                return
            characters += sum(map(len, row.columns)) if isinstance(row, Row) else len(row.raw_text)
            yield row
        self.complete = True


def _rows_in_all(beginning: _Beginning, rows: int, size: int) -> int | None:
    if beginning.complete:
        return rows
    return round(rows * size / beginning.bytes_used) if beginning.bytes_used else None


def _share(count: int, of: int) -> dict[str, Any]:
    return {"count": count, "of": of, "share": round(count / of, 4) if of else 0.0}

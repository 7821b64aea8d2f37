"""Several lists in one zip file, read one behind the other as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Final

from mailsift.ingest.containers.zipped import ZipArchive
from mailsift.ingest.dialect import Dialect
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.formats.table import Table
from mailsift.ingest.rows import MAX_COLUMNS, RejectedRow, Row, Run
from mailsift.shared.errors import PermanentError

_BETWEEN_WORDS: Final = re.compile(r"[\s_-]+")

OpenTable = Callable[[BinaryIO, int, Dialect], AbstractContextManager[Table]]


class Columns:
    """The columns of all lists: those of one name are the same, the second of a name in one list that in another."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], int] = {}
        self.names: tuple[str, ...] = ()

    def place(self, names: Sequence[str]) -> list[int]:
        """Where the columns of a list stand, which are added where they are new."""
        times: Counter[str] = Counter()
        places = []
        new: list[str] = []
        for name in names:
            # `E-Mail` in one list is `email` in another.
            key = _BETWEEN_WORDS.sub("", name).casefold()
            place = self._places.setdefault((key, times[key]), len(self._places))
            times[key] += 1
            places.append(place)
            if place == len(self.names) + len(new):
                new.append(name)
        self.names += tuple(new)
        if len(self.names) > MAX_COLUMNS:
            raise PermanentError(
                "too_many_columns", f"The lists have more than {MAX_COLUMNS} columns. Please upload fewer of them."
            )
        return places


class UnionTable:
    """The rows of several lists; a row is numbered as in its own list."""

    def __init__(self, archive: ZipArchive, dialect: Dialect, open_table: OpenTable) -> None:
        self._archive = archive
        self._dialect = dialect
        self._open_table = open_table
        self._columns = Columns()
        # All of them before the first row is read: columns that come up later stand behind these.
        for member in dialect.members:
            self._columns.place(member.dialect.column_names)

    @property
    def bytes_read(self) -> int:
        """How many bytes of the zip file have been used so far."""
        return self._archive.bytes_read

    @property
    def column_names(self) -> tuple[str, ...]:
        """Those of the dialect, and those that came up since."""
        known = self._dialect.column_names
        return known + self._columns.names[len(known) :]

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        for member in self._dialect.members:
            entry = self._archive.member(member.index)
            with self._archive.open(entry) as stream, self._open_table(stream, entry.size, member.dialect) as table:
                yield from self._placed(table)

    def runs(self) -> Iterator[Run | RejectedRow]:
        """The same rows."""
        return in_runs(self)

    def _placed(self, table: Table) -> Iterator[Row | RejectedRow]:
        places = self._columns.place(table.column_names)
        stay = places == list(range(len(places)))
        for row in table:
            if isinstance(row, Row):
                if len(row.columns) > len(places):
                    places = self._columns.place(table.column_names)
                    stay = places == list(range(len(places)))
                if not stay or len(row.columns) > len(places):
                    yield Row(row.row_number, self._arranged(row.columns, places))
                    continue
            yield row

    def _arranged(self, cells: list[str], places: list[int]) -> list[str]:
        """Each cell in its column; those that have none, because the row is too long, behind all columns."""
        arranged = [""] * (1 + max(places[: len(cells)], default=-1))
        for place, cell in zip(places, cells, strict=False):
            arranged[place] = cell
        if too_many := cells[len(places) :]:
            arranged += [""] * (len(self._columns.names) - len(arranged)) + too_many
        return arranged

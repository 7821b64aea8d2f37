"""The process that reads a workbook: limits first, then it answers on its standard output what its standard input asks.

`python -m mailsift.ingest.workbooks.child ASSIGNMENT`. It has no database, no network and no secrets. A question is a
line of JSON: the name of a sheet, and how many of its rows, null for all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO, Final, NamedTuple

from mailsift.ingest.dialect import Way
from mailsift.ingest.workbooks import confinement
from mailsift.ingest.workbooks.assignment import Assignment
from mailsift.ingest.workbooks.cells import row_texts
from mailsift.ingest.workbooks.faults import Fault, Unreadable
from mailsift.ingest.workbooks.frames import Kind, pack
from mailsift.ingest.workbooks.inspection import inspect
from mailsift.ingest.workbooks.readers import Reader, SheetRow

_BASE_SECONDS: Final = 20
# Several times what each way takes on an old machine.
_SECONDS_PER_MEBIBYTE: Final = {Way.WHOLE: 0.5, Way.ROW_BY_ROW: 2.0}
# A sheet that fits barely must not fail half way, when its first rows are out.
_RESERVE: Final = 32 * 1024**2
_CHARACTERS_PER_FRAME: Final = 64 * 1024
_MAX_SHEETS: Final = 1000
_MAX_NAME: Final = 1000


class _Written(NamedTuple):
    """A row as it is sent."""

    number: int
    cells: list[str] | str
    """The beginning, where it is too long."""
    length: int


def main(argument: str) -> None:
    """Answer until nobody asks any more."""
    assignment = Assignment.from_argument(argument)
    confinement.die_with(assignment.parent)
    confinement.confine(memory_bytes=assignment.memory_bytes, cpu_seconds=assignment.cpu_seconds)
    out = sys.stdout.buffer
    try:
        _serve(assignment, sys.stdin.buffer, out)
    except BrokenPipeError:
        pass
    except BaseException as error:  # noqa: BLE001 - the libraries raise whatever they like, and panics on top
        fault = _fault(error)
        confinement.open_reserve()
        _send(out, pack(Kind.FAULT, fault, type(error).__name__))
    # Not through the interpreter's end: to free a large sheet takes longer than to leave it to the kernel.
    os._exit(0)


def _serve(assignment: Assignment, questions: BinaryIO, out: BinaryIO) -> None:
    file = os.fdopen(assignment.descriptor, "rb")
    # It has the place where the worker stopped writing.
    file.seek(0)
    mebibytes = inspect(file, assignment.size, assignment.expanded_bytes) / 1024**2
    seconds = _BASE_SECONDS + int(mebibytes * _SECONDS_PER_MEBIBYTE[assignment.way])
    confinement.limit_cpu(min(seconds, assignment.cpu_seconds))
    confinement.keep_in_reserve(_RESERVE)
    file.seek(0)
    reader = _open(assignment, file)
    sheets = [sheet for sheet in reader.sheets() if len(sheet[0]) <= _MAX_NAME]
    _send(out, pack(Kind.SHEETS, sheets[:_MAX_SHEETS]))
    for question in questions:
        sheet, most = json.loads(question)
        rows = _written(_rows(reader, sheet), assignment)
        _answer(out, reader, rows if most is None else _sample(rows, most, assignment.row_characters))


def _open(assignment: Assignment, file: BinaryIO) -> Reader:
    """Import no more than what is needed: it takes time, and memory from what there is for the workbook."""
    if assignment.way is Way.WHOLE:
        from mailsift.ingest.workbooks.whole import WholeSheets  # noqa: PLC0415 - as above

        return WholeSheets(file)
    from mailsift.ingest.workbooks.row_by_row import RowByRow  # noqa: PLC0415 - as above

    return RowByRow(file, assignment.size)


def _rows(reader: Reader, sheet: str) -> Iterator[SheetRow]:
    """The rows of a sheet; while its beginning is fetched, which may be the whole of it, the reserve stays shut."""
    confinement.keep_in_reserve(_RESERVE)
    rows = reader.rows(sheet)
    first = next(rows, None)
    confinement.open_reserve()
    return rows if first is None else chain([first], rows)


def _written(rows: Iterable[SheetRow], assignment: Assignment) -> Iterator[_Written]:
    """The rows that are not blank."""
    for number, values in rows:
        cells = row_texts(values)
        if any(map(str.strip, cells)):
            length = sum(map(len, cells)) + len(cells)
            if length <= assignment.row_characters:
                yield _Written(number, cells, length)
            else:
                yield _Written(number, ",".join(cells)[: assignment.beginning_characters], length)


def _answer(out: BinaryIO, reader: Reader, rows: Iterable[_Written]) -> None:
    batch: list[tuple[int, list[str] | str]] = []
    characters = 0
    for number, cells, length in rows:
        batch.append((number, cells))
        characters += length
        if characters > _CHARACTERS_PER_FRAME:
            _send(out, pack(Kind.ROWS, reader.share_read, batch))
            batch = []
            characters = 0
    _send(out, pack(Kind.ROWS, reader.share_read, batch))
    _send(out, pack(Kind.END))


def _sample(rows: Iterable[_Written], most_rows: int, most_characters: int) -> Iterator[_Written]:
    characters = 0
    for row in islice(rows, most_rows):
        yield row
        characters += row.length
        if characters > most_characters:
            return


def _fault(error: BaseException) -> Fault:
    match error:
        case Unreadable():
            return error.fault
        case MemoryError():
            return Fault.NO_MEMORY
        case _:
            return Fault.DAMAGED


def _send(out: BinaryIO, frame: bytes) -> None:
    out.write(frame)
    out.flush()


if __name__ == "__main__":
    main(sys.argv[1])

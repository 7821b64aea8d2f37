"""Records out of lines: what CSV means where it is well formed, and a bounded way on where it is not; pure.

A quotation mark that is never closed would swallow everything up to the next one. So a record of several lines is
taken only if it is strictly well formed (after a closing quote comes a delimiter or a line end). Otherwise its first
line alone is rejected as `unbalanced_quote`, and reading goes on with its second.

The cost stays linear: looking ahead in vain is paid from a budget that grows with what has been read, and while that
is used up, a line that leaves a quote open is rejected without looking any further.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

from mailsift.ingest.formats.lines import Block
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, MAX_ROW_LENGTH, RejectedRow, RejectReason, Row

if TYPE_CHECKING:
    import _csv

# Fed after the last line, it tells whether the record before it was still open there: no line holds a NUL.
_END: Final = "\0"

_LOOK_AHEAD_BUDGET: Final = 4 * MAX_ROW_LENGTH
_LOOK_AHEAD_PER_CHARACTER: Final = 2
_LINES_JUDGED: Final = 100


class Records:
    """Cuts lines into records; `width` and `email_column` tell what a data row looks like."""

    def __init__(self, delimiter: str, quote: str | None, *, width: int, email_column: int) -> None:
        self._delimiter = delimiter
        self._quote = quote
        self._width = width
        self._email_column = email_column
        self._line_number = 1
        self._skipping = False
        self._characters = 0
        self._wasted = 0
        # The module's own limit, 128 KiB a cell, is one for the whole process.
        csv.field_size_limit(2 * MAX_ROW_LENGTH)

    def split(self, blocks: Iterable[Block]) -> Iterator[Row | RejectedRow]:
        """Every record that is not blank, with the number of the line on which it starts."""
        begun: list[str] = []
        for block in blocks:
            if block.too_long:
                yield from self._split(begun, final=True)
                begun = []
                yield RejectedRow(self._line_number, RejectReason.ROW_TOO_LONG, block.lines[0])
                self._line_number += 1
            else:
                self._characters += sum(map(len, block.lines))
                begun = yield from self._split(begun + block.lines, final=False)
        yield from self._split(begun, final=True)

    def _split(self, lines: list[str], *, final: bool) -> Generator[Row | RejectedRow, None, list[str]]:
        """The records of these lines; returns the lines of a last one that is still open."""
        at = self._skip(lines) if self._skipping else 0
        while at < len(lines):
            first = at
            stop = len(lines) if self._may_look_ahead() else at + 1
            reader = self._reader(chain(_between(lines, first, stop), (_END,)))
            for cells in reader:
                end = first + reader.line_num
                if end - at > 1:
                    break
                if len(cells) > 1 or _says_something(cells):
                    yield Row(self._line_number + at, cells)
                at = end
            else:
                at = stop
                continue
            more = stop == len(lines) and not final
            outcome, used = self._judge(
                lines[at : min(end, stop)], cells, self._line_number + at, is_open=end > stop, more=more
            )
            if outcome is None:
                break
            yield outcome
            at += used
        self._line_number += at
        return lines[at:]

    def _judge(
        self, record: list[str], cells: list[str], row_number: int, *, is_open: bool, more: bool
    ) -> tuple[Row | RejectedRow | None, int]:
        """What becomes of a record of several lines, and how many of them it uses up; None: wait for more lines."""
        length = sum(map(len, record))
        too_long = RejectedRow(row_number, RejectReason.ROW_TOO_LONG, "".join(record)[:MAX_RAW_TEXT_LENGTH])
        if not is_open and self._is_well_formed(record):
            return (Row(row_number, cells) if length <= MAX_ROW_LENGTH else too_long), len(record)
        if is_open and more:
            if length <= MAX_ROW_LENGTH:
                return None, 0
            if not any(map(self._looks_like_row, record[1 : 1 + _LINES_JUDGED])):
                self._skipping = True
                return too_long, len(record)
        self._wasted += length
        return RejectedRow(row_number, RejectReason.UNBALANCED_QUOTE, record[0].rstrip("\r\n")[:MAX_RAW_TEXT_LENGTH]), 1

    def _skip(self, lines: list[str]) -> int:
        """Where reading goes on after a record too long to be kept: behind its closing quote, or at the next row."""
        for at, line in enumerate(lines):
            if self._looks_like_row(line):
                self._skipping = False
                return at
            if self._alone(f"{self._quote}{line}") is not None:
                self._skipping = False
                return at + 1
        return len(lines)

    def _looks_like_row(self, line: str) -> bool:
        cells = self._alone(line)
        return cells is not None and len(cells) == self._width and "@" in cells[self._email_column]

    def _alone(self, line: str) -> list[str] | None:
        """The cells of one line; None if it leaves a quote open."""
        reader = self._reader((line, _END))
        cells = next(reader)
        return cells if reader.line_num == 1 else None

    def _is_well_formed(self, record: list[str]) -> bool:
        try:
            for _ in self._reader(record, strict=True):
                pass
        except csv.Error:
            return False
        return True

    def _may_look_ahead(self) -> bool:
        return self._wasted <= _LOOK_AHEAD_BUDGET + _LOOK_AHEAD_PER_CHARACTER * self._characters

    def _reader(self, lines: Iterable[str], *, strict: bool = False) -> _csv.Reader:
        # Without a quotation mark the module takes quoting to be off.
        return csv.reader(lines, delimiter=self._delimiter, quotechar=self._quote, strict=strict)


def _between(lines: list[str], first: int, stop: int) -> Iterable[str]:
    """These lines without a copy; a slice for each record that is read again would cost their square."""
    if first == 0 and stop == len(lines):
        return lines
    return (lines[at] for at in range(first, stop))


def _says_something(cells: list[str]) -> bool:
    """Whether a line without a delimiter is more than blank; the mark at the end is no line of the file."""
    return bool(cells) and cells[0] != _END and not cells[0].isspace() and bool(cells[0])

"""Records out of lines: what CSV means where it is well formed, and a bounded way on where it is not; pure.

A quotation mark that is never closed would swallow everything up to the next one. So a record of several lines is
taken only if it is strictly well formed (after a closing quote comes a delimiter or a line end). Otherwise its first
line alone is rejected as `unbalanced_quote`, and reading goes on with its second. A well-formed record that grows too
long is rejected as `row_too_long` and passed over up to its closing quote, or up to a line that looks like a data row.

The cost stays linear: looking ahead in vain is paid from a budget that grows with what has been read, and while that
is used up, a line that leaves a quote open is rejected without looking any further.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from mailsift.ingest.formats.grammar import END, Grammar
from mailsift.ingest.formats.lines import Block
from mailsift.ingest.rows import MAX_COLUMNS, MAX_RAW_TEXT_LENGTH, MAX_ROW_LENGTH, RejectedRow, RejectReason, Run

_LOOK_AHEAD_BUDGET: Final = 4 * MAX_ROW_LENGTH
_LOOK_AHEAD_PER_CHARACTER: Final = 2

# Few enough that none of them live long: the garbage collector would look at them, and at all else, again and again.
_LINES_OF_A_RUN: Final = 250

# A data row so soon after an opening quote means that the quote was left open, not that a long text begins.
_FEW_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class _Begun:
    """A record of more than one line, as far as it has been read."""

    row_number: int
    lines: list[str]
    cells: list[str]
    is_open: bool
    length: int


class Records:
    """Cuts lines into records; `width` and `email_columns` tell what a data row looks like."""

    def __init__(self, grammar: Grammar, *, width: int, email_columns: Sequence[int]) -> None:
        self._grammar = grammar
        self._width = width
        self._email_columns = email_columns
        self._line_number = 1
        self._passing_over = False
        self._characters = 0
        self.wasted = 0
        """Characters looked at in vain."""

    def split(self, blocks: Iterable[Block]) -> Iterator[Run | RejectedRow]:
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

    def _split(self, lines: list[str], *, final: bool) -> Generator[Run | RejectedRow, None, list[str]]:
        """The records of these lines; returns the lines of a last one that is still open."""
        at = 0
        while not self._passing_over and (rows := self._one_a_line(lines[at : at + _LINES_OF_A_RUN])):
            yield Run(self._line_number, rows)
            self._line_number += len(rows)
            at += len(rows)
        return (yield from self._split_by_record(lines[at:], final=final))

    def _one_a_line(self, lines: list[str]) -> list[list[str]] | None:
        """The records of lines each of which is one, as most are; None if any is not, or there is more to say of it."""
        rows = list(self._grammar.reader(chain(lines, (END,))))
        if rows.pop() != [END] or len(rows) != len(lines):
            return None
        return rows if all(map(_says_something, rows)) and max(map(len, rows), default=0) <= MAX_COLUMNS else None

    def _split_by_record(self, lines: list[str], *, final: bool) -> Generator[Run | RejectedRow, None, list[str]]:
        at = self._pass_over(lines) if self._passing_over else 0
        while at < len(lines):
            first = at
            stop = len(lines) if self._may_look_ahead() else at + 1
            reader = self._grammar.reader(chain(_between(lines, first, stop), (END,)))
            for cells in reader:
                end = first + reader.line_num
                if end - at > 1:
                    break
                if _says_something(cells):
                    yield _record(self._line_number + at, cells, lines[at])
                at = end
            else:
                at = stop
                continue
            begun = self._begin(lines[at : min(end, stop)], cells, at, is_open=end > stop)
            if begun.is_open and begun.length <= MAX_ROW_LENGTH and stop == len(lines) and not final:
                break
            outcome, used = self._judge(begun)
            yield outcome
            at += used
        self._line_number += at
        return lines[at:]

    def _begin(self, lines: list[str], cells: list[str], at: int, *, is_open: bool) -> _Begun:
        return _Begun(self._line_number + at, lines, cells, is_open, sum(map(len, lines)))

    def _judge(self, record: _Begun) -> tuple[Run | RejectedRow, int]:
        """What becomes of a record of several lines, and how many of them it uses up."""
        if self._grammar.is_well_formed(record.lines, is_open=record.is_open):
            if record.length > MAX_ROW_LENGTH:
                return self._judge_too_long(record)
            if not record.is_open:
                return _record(record.row_number, record.cells, record.lines[0]), len(record.lines)
        return self._reject_first_line(record)

    def _judge_too_long(self, record: _Begun) -> tuple[RejectedRow, int]:
        used = len(record.lines)
        if record.is_open:
            rows = (number for number in range(1, used) if self._looks_like_row(record.lines[number]))
            used = next(rows, used)
            if used < min(_FEW_LINES, len(record.lines)):
                return self._reject_first_line(record)
            self._passing_over = used == len(record.lines)
        text = "".join(record.lines)[:MAX_RAW_TEXT_LENGTH]
        return RejectedRow(record.row_number, RejectReason.ROW_TOO_LONG, text), used

    def _reject_first_line(self, record: _Begun) -> tuple[RejectedRow, int]:
        self.wasted += record.length
        return _rejected(record.row_number, RejectReason.UNBALANCED_QUOTE, record.lines[0]), 1

    def _pass_over(self, lines: list[str]) -> int:
        """Where reading goes on after a record too long to be kept."""
        for at, line in enumerate(lines):
            is_row = self._looks_like_row(line)
            if is_row or self._grammar.closes(line):
                self._passing_over = False
                return at if is_row else at + 1
        return len(lines)

    def _looks_like_row(self, line: str) -> bool:
        if "@" not in line:
            return False
        cells = self._grammar.cells(line)
        if cells is None or len(cells) != self._width:
            return False
        return any("@" in cells[column] for column in self._email_columns)

    def _may_look_ahead(self) -> bool:
        return self.wasted <= _LOOK_AHEAD_BUDGET + _LOOK_AHEAD_PER_CHARACTER * self._characters


def _record(row_number: int, cells: list[str], first_line: str) -> Run | RejectedRow:
    if len(cells) > MAX_COLUMNS:
        return _rejected(row_number, RejectReason.TOO_MANY_COLUMNS, first_line)
    return Run(row_number, [cells])


def _rejected(row_number: int, reason: RejectReason, line: str) -> RejectedRow:
    return RejectedRow(row_number, reason, line.rstrip("\r\n")[:MAX_RAW_TEXT_LENGTH])


def _between(lines: list[str], first: int, stop: int) -> Iterable[str]:
    """These lines without a copy; a slice for each record that is read again would cost their square."""
    if first == 0 and stop == len(lines):
        return lines
    return (lines[at] for at in range(first, stop))


def _says_something(cells: list[str]) -> bool:
    """Whether any cell is more than blank; the mark at the end is no line of the file."""
    if not cells or cells[0] == END:
        return False
    return not (cells[0] == "" or cells[0].isspace()) or any(cell and not cell.isspace() for cell in cells)

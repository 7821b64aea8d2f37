"""A workbook as a worker sees it: its sheets, a sample of one, the rows of one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple, Self

from mailsift.ingest.dialect import Way
from mailsift.ingest.rows import MAX_COLUMNS, MAX_RAW_TEXT_LENGTH, MAX_ROW_LENGTH, RejectedRow, RejectReason, Row
from mailsift.ingest.workbooks.assignment import Assignment
from mailsift.ingest.workbooks.faults import Fault, Unreadable, refusal
from mailsift.ingest.workbooks.frames import Frame, Kind
from mailsift.ingest.workbooks.limits import WorkbookLimits
from mailsift.ingest.workbooks.process import ReadingProcess, Watch
from mailsift.ingest.workbooks.spooling import spool

# What breaks in one way need not break in the other.
_WORTH_ANOTHER_WAY: Final = frozenset({Fault.NO_MEMORY, Fault.DAMAGED})


class Sheet(NamedTuple):
    """One table of a workbook."""

    name: str
    visible: bool


class Workbook:
    """An open workbook: a copy of it on disk, and a process that reads it. What is wrong is a PermanentError."""

    def __init__(self, content: Iterable[bytes], limits: WorkbookLimits, watch: Watch, way: Way | None = None) -> None:
        """Read it in this `way` and no other; None takes the first that can."""
        self._limits = limits
        self._watch = watch
        self._ways = list(Way) if way is None else [way]
        self.way = self._ways[0]
        """In which it is read."""
        self._process: ReadingProcess | None = None
        self._frames: Iterator[Frame] = iter(())
        self._sheets: list[Any] = []
        self._fault: Fault | None = None
        self.share_read = 0.0
        """How much of the sheet has been read, from 0 to 1."""
        self._file = spool(content, limits.file_bytes, watch)
        try:
            self._file_size = os.fstat(self._file.fileno()).st_size
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let everything go; may be repeated."""
        self._stop()
        self._file.close()

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """In the order of the workbook."""
        return tuple(Sheet(str(name), bool(visible)) for name, visible in self._sheets)

    def sample(self, sheet: str, most: int) -> list[Row]:
        """The first rows of a sheet that can be read, `most` of them at most."""
        return [row for frame in self._answer(sheet, most) for row in _rows(frame) if isinstance(row, Row)]

    def rows(self, sheet: str) -> Iterator[Row | RejectedRow]:
        """All rows of a sheet but the blank ones."""
        for frame in self._answer(sheet, None):
            self.share_read = max(self.share_read, min(1.0, float(frame.content[0])))
            yield from _rows(frame)
        self.share_read = 1.0

    def _answer(self, sheet: str, most: int | None) -> Iterator[Frame]:
        """The frames with rows of a sheet."""
        first = self._first_frame(sheet, most)
        try:
            for frame in chain([first], self._frames):
                if frame.kind is not Kind.ROWS:
                    return
                yield frame
        except Unreadable as broken:
            # Some rows are out already: too late for another way.
            raise refusal(broken.fault) from broken

    def _first_frame(self, sheet: str, most: int | None) -> Frame:
        """Ask for rows, in one way or the other; when the first are there, the sheet has been taken in."""
        while True:
            process = self._process or self._start()
            try:
                process.ask(sheet, most)
                return next(self._frames)
            except Unreadable as broken:
                self._give_way_up(broken)

    def _start(self) -> ReadingProcess:
        """Start a process that can open the workbook."""
        while True:
            self.way = self._ways.pop(0)
            self._process = ReadingProcess(self._assignment(), self._limits.silent_seconds, self._watch)
            self._frames = self._process.frames()
            try:
                self._sheets = next(self._frames).content[0]
            except Unreadable as broken:
                self._give_way_up(broken)
            else:
                return self._process

    def _assignment(self) -> Assignment:
        return Assignment(
            descriptor=self._file.fileno(),
            size=self._file_size,
            way=self.way,
            parent=os.getpid(),
            memory_bytes=self._limits.memory_bytes,
            cpu_seconds=self._limits.cpu_seconds,
            expanded_bytes=self._limits.expanded_bytes,
            row_characters=MAX_ROW_LENGTH,
            beginning_characters=MAX_RAW_TEXT_LENGTH,
        )

    def _give_way_up(self, broken: Unreadable) -> None:
        """End the process; raise when no other way is left. What is said of the workbook is what was wrong first."""
        self._stop()
        self._fault = self._fault or broken.fault
        if broken.fault not in _WORTH_ANOTHER_WAY or not self._ways:
            raise refusal(self._fault) from broken

    def _stop(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


def _rows(frame: Frame) -> Iterator[Row | RejectedRow]:
    for number, cells in frame.content[1]:
        if isinstance(cells, str):
            yield RejectedRow(number, RejectReason.ROW_TOO_LONG, cells)
        elif len(cells) > MAX_COLUMNS:
            yield RejectedRow(number, RejectReason.TOO_MANY_COLUMNS, ",".join(cells)[:MAX_RAW_TEXT_LENGTH])
        else:
            yield Row(number, cells)

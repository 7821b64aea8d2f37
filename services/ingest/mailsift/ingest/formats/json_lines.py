"""Rows of JSON Lines: each line a value of its own, so that one which is no JSON costs no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO, Final

from mailsift.ingest.formats.json_text import decode_one
from mailsift.ingest.formats.keys import Keys
from mailsift.ingest.formats.lines import LineBlocks
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, RejectedRow, RejectReason, Row

# An array with a row to a line is forgiven its brackets and commas.
_BETWEEN_ROWS: Final = " \t\r\n,"
_BRACKETS: Final = frozenset({"", "[", "]"})


class JsonLines:
    """The rows of a stream, each with the number of the line on which it stands."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._blocks = LineBlocks(stream, encoding)
        self._keys = Keys()

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""
        return self._blocks.bytes_read

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the objects met so far."""
        return self._keys.names

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        first = 1
        for block in self._blocks:
            if block.too_long:
                yield RejectedRow(first, RejectReason.ROW_TOO_LONG, block.lines[0])
            else:
                for row_number, line in enumerate(block.lines, start=first):
                    if (text := line.strip(_BETWEEN_ROWS)) not in _BRACKETS:
                        yield self._row(row_number, text)
            first += len(block.lines)

    def _row(self, row_number: int, line: str) -> Row | RejectedRow:
        try:
            cells = self._keys.cells(decode_one(line), line)
        except (json.JSONDecodeError, RecursionError):
            return RejectedRow(row_number, RejectReason.MALFORMED_JSON, line[:MAX_RAW_TEXT_LENGTH])
        if cells is None:
            return RejectedRow(row_number, RejectReason.TOO_MANY_COLUMNS, line[:MAX_RAW_TEXT_LENGTH])
        return Row(row_number, cells)

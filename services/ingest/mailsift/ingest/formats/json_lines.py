"""Rows of JSON Lines: each line a value of its own, so that one which is no JSON costs no other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from mailsift.ingest.formats.json_text import decode_one
from mailsift.ingest.formats.keys import Keys
from mailsift.ingest.formats.lines import Block
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, RejectedRow, RejectReason, Row

# An array with a row to a line is forgiven its brackets and commas.
_BETWEEN_ROWS: Final = " \t\r\n,"
_BRACKETS: Final = frozenset({"", "[", "]"})


class JsonLines:
    """The rows of lines, with the number of the line on which each stands."""

    def __init__(self) -> None:
        self._keys = Keys()

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the objects met so far."""
        return self._keys.names

    def split(self, blocks: Iterable[Block]) -> Iterator[Row | RejectedRow]:
        """Every line that is not blank."""
        first = 1
        for block in blocks:
            if block.too_long:
                yield RejectedRow(first, RejectReason.ROW_TOO_LONG, block.lines[0])
            else:
                for row_number, line in enumerate(block.lines, start=first):
                    if (text := line.strip(_BETWEEN_ROWS)) not in _BRACKETS:
                        yield self._row(row_number, text)
            first += len(block.lines)

    def _row(self, row_number: int, line: str) -> Row | RejectedRow:
        try:
            value = decode_one(line)
        except (json.JSONDecodeError, RecursionError):
            return RejectedRow(row_number, RejectReason.MALFORMED_JSON, line[:MAX_RAW_TEXT_LENGTH])
        cells = self._keys.cells(value, line)
        if cells is None:
            return RejectedRow(row_number, RejectReason.TOO_MANY_COLUMNS, line[:MAX_RAW_TEXT_LENGTH])
        return Row(row_number, cells)

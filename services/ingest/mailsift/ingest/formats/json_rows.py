"""Rows of JSON: an array of objects, arrays or texts, on its own or inside of objects; or objects in a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from mailsift.ingest.formats.json_text import CutOff, JsonText, TooLong, too_deep
from mailsift.ingest.formats.keys import Keys
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, RejectedRow, RejectReason, Row
from mailsift.shared.errors import PermanentError

SEPARATOR: Final = "."
"""Between the keys of a path."""


class JsonRows:
    """The elements of one array, or the values that stand outside of any, numbered from 1.

    `path` names the array by the keys that lead to it, with dots between them; None for the outermost one.
    """

    def __init__(self, stream: BinaryIO, encoding: str, path: str | None, *, complete: bool = True) -> None:
        """`complete` when the stream ends where the file does; otherwise what is cut off there is no fault."""
        self._text = JsonText(stream, encoding)
        self._path = path
        self._complete = complete
        self._keys = Keys()
        self._count = 0

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""
        return self._text.bytes_read

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the objects met so far."""
        return self._keys.names

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        try:
            while self._text.peek():
                yield from self._document()
        except CutOff as error:
            if self._complete:
                raise PermanentError(
                    "malformed_json", f"The JSON ends too early, behind {self._count:,} rows. Please upload all of it."
                ) from error

    def _document(self) -> Iterator[Row | RejectedRow]:
        if self._path is not None:
            return self._descend("")
        return self._elements() if self._text.peek() == "[" else iter([self._element()])

    def _descend(self, prefix: str) -> Iterator[Row | RejectedRow]:
        """Look for the array in an object, whose keys begin with `prefix`."""
        for key in self._text.fields():
            here = prefix + key
            if here == self._path and self._text.peek() == "[":
                yield from self._elements()
            elif str(self._path).startswith(here + SEPARATOR) and self._text.peek() == "{":
                yield from self._descend(here + SEPARATOR)
            else:
                self._text.pass_over()

    def _elements(self) -> Iterator[Row | RejectedRow]:
        for _ in self._text.elements():
            yield self._element()

    def _element(self) -> Row | RejectedRow:
        value, source = self._text.value()
        self._count += 1
        if value is TooLong.VALUE:
            return self._rejected(RejectReason.ROW_TOO_LONG, source)
        try:
            cells = self._keys.cells(value, source)
        except RecursionError as error:
            # What was only just shallow enough to be decoded may be too deep to be written again.
            raise too_deep() from error
        return self._rejected(RejectReason.TOO_MANY_COLUMNS, source) if cells is None else Row(self._count, cells)

    def _rejected(self, reason: RejectReason, source: str) -> RejectedRow:
        return RejectedRow(self._count, reason, source[:MAX_RAW_TEXT_LENGTH].replace("\0", ""))

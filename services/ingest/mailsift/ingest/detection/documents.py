"""JSON and JSON Lines: whether a text is one of them, and where in it the list stands; pure."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from mailsift.ingest.detection.outline import Outline, outline
from mailsift.ingest.dialect import Format
from mailsift.ingest.formats.json_lines import JsonLines
from mailsift.ingest.formats.json_rows import JsonRows
from mailsift.ingest.formats.json_text import decode_one
from mailsift.ingest.rows import Row
from mailsift.shared.errors import PermanentError

_MAX_ROWS: Final = 1000
_MAX_PATHS_SHOWN: Final = 10
_MAX_PATH_SHOWN: Final = 60

# How JSON that holds rows begins. Plain text may begin with a bracket too, but hardly with two, or one and a quote.
_BEGINNING: Final = re.compile(r'\s*(?:\[\s*(?:[{"\]]|\[\s*["\[\]{0-9tfn-])|\{\s*["}])')
_FIRST_LINES: Final = re.compile(r"\s*(\S[^\r\n]*)(?:\s*(\S))?")


@dataclass(frozen=True, slots=True)
class Document:
    """A list in JSON, and its first rows."""

    format: Format
    path: str | None
    """The keys that lead to the array of the rows; None for the outermost."""
    rows: list[list[str]]
    names: tuple[str, ...] | None
    """None where no row is an object."""
    complete: bool
    """Whether there are no more rows."""


def find_document(text: str, path: str | None, *, complete: bool) -> Document | None:
    """Read a text as JSON, with the list at this `path` if one is given; None if it is nothing like JSON.

    Raises PermanentError: `malformed_json`, `no_such_sheet`, `value_too_long`, `too_many_columns`.
    """
    format_ = _format(text)
    if format_ is None:
        return None
    # The text was decoded, whatever it was written in.
    stream = io.BytesIO(text.encode())
    if format_ is Format.JSONL:
        return _document(format_, None, JsonLines(stream, "utf-8"), complete=complete)
    if path is not None or text.lstrip().startswith("{"):
        path = _find_path(outline(text), path)
    return _document(format_, path, JsonRows(stream, "utf-8", path, complete=complete), complete=complete)


def _format(text: str) -> Format | None:
    """JSON Lines if a line is a document of its own and another begins on the next line that is not blank."""
    lines = _FIRST_LINES.match(text)
    if lines is None or not _BEGINNING.match(text):
        return None
    first, next_ = lines.groups()
    # No JSON has two lines behind each other that open an object; but a first line that is damaged may be one.
    is_lines = next_ in {"{", "["} and (_is_document(first) or first[0] == next_ == "{")
    return Format.JSONL if is_lines else Format.JSON


def _is_document(line: str) -> bool:
    try:
        decode_one(line)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _find_path(found: Outline, asked: str | None) -> str | None:
    if asked is not None:
        if asked not in found.arrays:
            raise _no_such_array(asked, found)
        return asked
    if not found.arrays:
        return None
    path, place = max(found.arrays.items(), key=lambda item: (item[1].at_signs, item[1].of_rows))
    # One object with an array of rows is a list with something about it; many objects are the rows themselves.
    is_list = found.documents == 1 and place.of_rows and (place.at_signs > 0 or found.outside.at_signs == 0)
    return path if is_list or place.at_signs > found.outside.at_signs else None


def _no_such_array(asked: str, found: Outline) -> PermanentError:
    shown = ", ".join(repr(path[:_MAX_PATH_SHOWN]) for path in islice(found.arrays, _MAX_PATHS_SHOWN))
    return PermanentError(
        "no_such_sheet",
        f"The JSON has no array {asked[:_MAX_PATH_SHOWN]!r}. Its arrays are: {shown or 'the outermost one'}.",
    )


def _document(format_: Format, path: str | None, rows: JsonLines | JsonRows, *, complete: bool) -> Document:
    first = [row.columns for row in islice(rows, _MAX_ROWS) if isinstance(row, Row)]
    return Document(format_, path, first, rows.names or None, complete and len(first) < _MAX_ROWS)

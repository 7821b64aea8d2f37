"""Rows in PostgreSQL's COPY text format, and the stream that COPY reads them from; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

READ_SIZE: Final = 256 * 1024
"""What to give `copy_expert` as size: fewer, larger reads load faster than its own 8 KiB."""

NULL: Final = r"\N"

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# NUL has no place in PostgreSQL's text and is left out; the rest would end a cell or a row.
_ESCAPES: Final = {0: None, ord("\t"): r"\t", ord("\n"): r"\n", ord("\r"): r"\r", ord("\\"): r"\\"}


@dataclass(frozen=True, slots=True)
class Json:
    """A value for a jsonb column; jsonb has no place for NUL, so its texts hold none."""

    value: object


def encode_row(values: Iterable[object]) -> str:
    """One line of COPY input, its line end included."""
    return encode_fields(values) + "\n"


def encode_fields(values: Iterable[object]) -> str:
    """Fields that follow each other, without a line end."""
    return "\t".join([_ENCODERS.get(type(value), _encode_other)(value) for value in values])


class CopyStream:
    """What `copy_expert` reads: lines taken one by one from their source, so that nothing piles up."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.failure: BaseException | None = None
        """What the source raised: psycopg2 reports it as a QueryCanceled of its own, so ask here for the truth."""

    def read(self, size: int) -> bytes:
        """Whole lines of at least `size` characters; nothing at the end."""
        lines = []
        length = 0
        try:
            for line in self._lines:
                lines.append(line)
                length += len(line)
                if length >= size:
                    break
        except BaseException as failure:
            self.failure = failure
            raise
        # A lone surrogate is no character, and not worth a failed load.
        return "".join(lines).encode(errors="replace")


def _encode_text(value: str) -> str:
    # To search for a character takes next to no time, and most texts end here.
    if "\\" in value or "\t" in value or "\n" in value or "\r" in value or "\0" in value:
        return value.translate(_ESCAPES)
    return value


def encode_array(values: Sequence[str | None]) -> str:
    """A text[] literal; every element is quoted, so that '', 'NULL' and blanks stay what they are."""
    try:
        joined = '","'.join(values)  # type: ignore[arg-type]  # what it raises then is seen to below
    except TypeError:
        joined = "\\"
    if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
        return _encode_text(f'{{"{joined}"}}')
    return _encode_text("{" + ",".join(map(_quote_element, values)) + "}")


def _quote_element(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encode_json(value: Json) -> str:
    return _encode_text(_JSON.encode(value.value))


def _encode_other(value: object) -> str:
    if isinstance(value, StrEnum):
        return _encode_text(value.value)
    message = f"no COPY text for {type(value).__name__}"
    raise TypeError(message)


_ENCODERS: Final[dict[type, Callable[..., str]]] = {
    str: _encode_text,
    bool: lambda value: "t" if value else "f",
    type(None): lambda _: NULL,
    int: str,
    UUID: str,
    list: encode_array,
    tuple: encode_array,
    Json: _encode_json,
}

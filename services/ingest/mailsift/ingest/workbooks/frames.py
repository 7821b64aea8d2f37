"""What passes between a worker and the process that reads a workbook: frames of JSON, bounded on either side; pure.

JSON and not pickle or marshal: a file that takes the reading process over must not get at the worker behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

MAX_FRAME: Final = 16 * 1024**2
"""In bytes: the longest row, each of its characters six bytes long, twice over."""

_LENGTH: Final = 4


class Kind(StrEnum):
    """What a frame holds."""

    SHEETS = "S"
    """Pairs of a name and whether the sheet is visible."""
    ROWS = "R"
    """How much of the sheet has been read, from 0 to 1, then the rows."""
    END = "E"
    """Nothing: the sheet, or the sample of it, has ended."""
    FAULT = "F"
    """Why there is no more."""


class Frame(NamedTuple):
    """One message of the process that reads."""

    kind: Kind
    content: list[Any]


class MalformedFrameError(Exception):
    """The other side does not speak as it should."""


def pack(kind: Kind, *content: object) -> bytes:
    """Write one frame."""
    text = json.dumps([kind, *content], ensure_ascii=False, separators=(",", ":"))
    # Half of a surrogate pair, as an escape in an .xlsx may make one, has no place in UTF-8.
    payload = text.encode("utf-8", "replace")
    return len(payload).to_bytes(_LENGTH, "big") + payload


class Unpacker:
    """Takes bytes in as they come and gives whole frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes in; frames that are complete come out. Raises MalformedFrameError."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            length = int.from_bytes(self._buffer[:_LENGTH], "big")
            if length > MAX_FRAME:
                raise MalformedFrameError
            end = _LENGTH + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_LENGTH:end])
            del self._buffer[:end]
            yield _unpack(payload)


def _unpack(payload: bytes) -> Frame:
    try:
        kind, *content = json.loads(payload)
        return Frame(Kind(kind), content)
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedFrameError from error

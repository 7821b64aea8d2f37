"""Text lines out of a byte stream, a block at a time, in flat memory whatever the stream holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO, Final, NamedTuple

from mailsift.ingest.formats.text import TextStream
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, MAX_ROW_LENGTH

_LINE_END: Final = re.compile(r"\r\n?|\n")


class Block(NamedTuple):
    """Physical lines that follow each other, line ends kept; or, if `too_long`, the beginning of one."""

    lines: list[str]
    too_long: bool = False


def split_lines(text: str) -> list[str]:
    r"""Split at \n, \r\n and \r, and at nothing else (`str.splitlines` knows nine more)."""
    return StringIO(text, newline="").readlines()


class LineBlocks:
    """The lines of a stream, once."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._text = TextStream(stream, encoding)

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""
        return self._text.bytes_read

    def __iter__(self) -> Iterator[Block]:
        rest = ""
        while rest or not self._text.at_end:
            lines = split_lines(rest + self._text.read())
            # A line that ends in \r may go on with \n in the next block.
            rest = lines.pop() if lines and not self._text.at_end and not lines[-1].endswith("\n") else ""
            # The rest grows by less than a block each time, so only the first line of a block can be too long.
            if lines and _is_too_long(lines[0]):
                yield _too_long(lines.pop(0))
            if lines:
                yield Block(lines)
            if _is_too_long(rest):
                yield _too_long(rest)
                rest = self._skip_line(rest[-1])

    def _skip_line(self, last: str) -> str:
        """Read on to the end of a line whose `last` character is known, keeping nothing; what follows is returned."""
        while not self._text.at_end:
            text = self._text.read()
            if last == "\r" and text:
                return text.removeprefix("\n")
            end = _LINE_END.search(text)
            if end and (end.end() < len(text) or text.endswith("\n")):
                return text[end.end() :]
            last = text[-1:] or last
        return ""


def _is_too_long(line: str) -> bool:
    return len(line) > MAX_ROW_LENGTH and len(line.rstrip("\r\n")) > MAX_ROW_LENGTH


def _too_long(line: str) -> Block:
    return Block([line[:MAX_RAW_TEXT_LENGTH]], too_long=True)

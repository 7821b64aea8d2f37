"""Lists of mailboxes as mail programs write and take them: `Ann <ann@b.cd>, "Smith, Al" <al@b.cd>; di@b.cd` (RFC 5322).

Commas, semicolons and line ends part the mailboxes, any number of them on a line of any length. A line end does not
where the next line begins with a blank and no address has come yet: so header fields are folded. A quotation mark or a
bracket that is never closed is a character like others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import BinaryIO, Final

from mailsift.ingest.formats.text import TextStream
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, RejectedRow, RejectReason, Row

NAMES: Final = ("name", "address")
NAME: Final = 0
ADDRESS: Final = 1

# No name is as long. It bounds, too, how far the end of an open quotation mark is looked for in vain.
_MAX_QUOTED: Final = 500
MAX_MAILBOX_LENGTH: Final = 2000
"""Longest mailbox that is read, in characters, its name too; a longer one is rejected and the rest goes on."""

# Nothing is tried twice: each branch begins with another character, and none gives back what it took.
_MAILBOX: Final = re.compile(
    rf"""
    (?: [^",;<(\\\r\n]++
      | \\["<(\\]
      | "(?:[^"\\\r\n]|\\[^\r\n]){{0,{_MAX_QUOTED}}}+"
      | <[^<>"\r\n]{{0,{_MAX_QUOTED}}}+>
      | \((?:[^()\\\r\n]|\\[^\r\n]){{0,{_MAX_QUOTED}}}+\)
      | ["<(\\]
    )*+
    """,
    re.VERBOSE,
)
_END: Final = re.compile(r"[,;]|\r\n?|\n|\Z")
_LOOK_AHEAD: Final = _MAX_QUOTED * 2 + 4
"""What is read beyond a mailbox before it is sure where that ends."""

_BLANKS: Final = (" ", "\t")

_BRACKETED: Final = re.compile(r"<([^<>@]*@[^<>]*)>")
_COMMENT: Final = re.compile(r"\(((?:[^()\\]|\\.)*+)\)")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_ESCAPED: Final = re.compile(r"\\(.)")
# The name of a group, or of the header field that a list was copied from.
_LABEL: Final = re.compile(r"\s*+(?!mailto:)[^\"<>@:()]++:", re.IGNORECASE)


class Mailboxes:
    """The mailboxes of a stream as rows of name and address, each with the number of the line on which it starts."""

    def __init__(self, stream: BinaryIO, encoding: str, *, complete: bool = True) -> None:
        """`complete` when the stream ends where the file does; otherwise the last mailbox may be cut off."""
        self._stream = TextStream(stream, encoding)
        self._complete = complete

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""
        return self._stream.bytes_read

    @property
    def names(self) -> tuple[str, ...]:
        """Of the two columns."""
        return NAMES

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        line_number = started = 1
        begun = ""
        for piece, end, following in self._pieces():
            text = begun + piece
            begun = ""
            if (
                end.isspace()
                and following in _BLANKS
                and "@" not in text
                and 0 < len(text.strip()) < MAX_MAILBOX_LENGTH
            ):
                begun = f"{text} "
            else:
                yield from _rows(started, text)
            line_number += end.isspace()
            started = started if begun else line_number

    def _pieces(self) -> Iterator[tuple[str, str, str]]:
        """The text of each mailbox, or the beginning of one too long, what ends it, and the character behind that."""
        text, at, beginning = "", 0, ""
        while text or not self._stream.at_end:
            end = _end_of_mailbox(text, at)
            if len(text) - end < _LOOK_AHEAD and not self._stream.at_end:
                if end - at > MAX_MAILBOX_LENGTH + _LOOK_AHEAD:
                    beginning = beginning or text[at : at + MAX_MAILBOX_LENGTH + 1]
                    at = end - _LOOK_AHEAD
                text, at = text[at:] + self._stream.read(), 0
                continue
            mark = _END.match(text, end)
            if not mark or (not mark[0] and not self._complete):
                return
            yield beginning or text[at:end], mark[0], text[mark.end() : mark.end() + 1]
            if not mark[0]:
                return
            at, beginning = mark.end(), ""


def _end_of_mailbox(text: str, at: int) -> int:
    found = _MAILBOX.match(text, at)
    return found.end() if found else at


def _rows(row_number: int, text: str) -> Iterator[Row | RejectedRow]:
    """No row of a text that is blank, or names a group and nobody in it."""
    if len(text) > MAX_MAILBOX_LENGTH:
        yield RejectedRow(row_number, RejectReason.ROW_TOO_LONG, text[:MAX_RAW_TEXT_LENGTH])
        return
    label = _LABEL.match(text)
    if text := text[label.end() if label else 0 :].strip():
        yield Row(row_number, list(read_mailbox(text)))


def read_mailbox(text: str) -> tuple[str, str]:
    """The name and the address of one mailbox; what has no at-sign is a name."""
    if "@" not in text:
        return _plain(text), ""
    bracketed = list(_BRACKETED.finditer(text))
    if bracketed and "@" not in text[bracketed[-1].end() :]:
        name = text[: bracketed[-1].start()] or text[bracketed[-1].end() :]
        return _plain(name), bracketed[-1][1].strip()
    comments = " ".join(_COMMENT.findall(text))
    address = _COMMENT.sub(" ", text).strip()
    if comments or '"' in address:
        return _plain(comments), address
    words = address.split()
    first = next(word for word in words if "@" in word)
    words.remove(first)
    return _plain(" ".join(words)), first.strip("<>")


def _plain(name: str) -> str:
    """A name as people write it: without quotation marks, escapes, and the encoding of RFC 2047."""
    text = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), name)
    if "=?" in text:
        with suppress(HeaderParseError, LookupError, ValueError):
            text = str(make_header(decode_header(text)))
    return " ".join(text.split())

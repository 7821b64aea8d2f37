"""JSON (RFC 8259) taken apart as a stream: a window moves over the text, and one value at a time is decoded from it.

The standard library decodes; what stands around the rows of a list, and rows too long to be decoded, are passed over
by their brackets alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any, BinaryIO, Final, NamedTuple

from mailsift.ingest.formats.text import TextStream
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, MAX_ROW_LENGTH
from mailsift.shared.errors import PermanentError

_MAX_DEPTH: Final = 500

# They are passed over at a million or two a second; only made-up files have so many outside of their rows.
_MAX_BRACKETS_PASSED: Final = 5_000_000

# What the end of the window may leave of a word, a number or an escape.
_HALF: Final = re.compile(r"-?(?:t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|Na?|I[a-z]*|\.|[eE][+-]?)?|\\?u?[0-9A-Fa-f]{0,4}")

# What of a number the end of the window may keep from being decoded with it: `1.` reads as 1.
_MORE_OF_NUMBER: Final = re.compile(r"(?:\.|[eE][+-]?)?")

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_BRACKET_OR_QUOTE: Final = re.compile(r'["\[\]{}]')
_QUOTE_OR_ESCAPE: Final = re.compile(r'["\\]')
_END_OF_SCALAR: Final = re.compile(r"[,\]}\s]")


class CutOff(Exception):
    """The text ends inside a value."""


class TooLong(Enum):
    """Stands for a value that is longer than a row may be."""

    VALUE = 0


class _Decoded(NamedTuple):
    value: Any
    source: str


class _Undecodable(NamedTuple):
    message: str
    place: int
    """Behind the beginning of the value."""

    @property
    def is_open(self) -> bool:
        """Whether it is a text that lacks its end."""
        return self.message.startswith("Unterminated")


# Numbers stay as they are written: as floats some would change, and an integer of a million digits takes minutes.
# Control characters in texts are forgiven.
_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
_decode = _decoder.raw_decode
decode_one = _decoder.decode
"""Decode a text that is one value."""


class JsonText:
    """The text of a stream, read once from its start to its end."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = TextStream(stream, encoding)
        self._text = ""
        self._at = 0
        self._before = 0
        """Characters that have left the window."""
        self._brackets_passed = 0

    @property
    def bytes_read(self) -> int:
        """How many bytes of the stream have been used so far."""
        return self._stream.bytes_read

    def peek(self) -> str:
        """The next character that is no blank, left where it is; empty at the end of the text."""
        while True:
            blanks = _BLANKS.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read():
                return ""

    def take(self, *characters: str) -> str:
        """The next character that is no blank; raises unless it is one of these."""
        character = self.peek()
        if not character:
            raise CutOff
        if character not in characters:
            raise self.fault(f"{' or '.join(characters)} is missing")
        self._at += 1
        return character

    def value(self) -> tuple[Any, str]:
        """The next value and the text that it stands in; of one too long, `TooLong.VALUE` and the beginning."""
        if not self.peek():
            raise CutOff
        while True:
            found = self._decode()
            if isinstance(found, _Decoded):
                if not self._may_be_half(found) or not self._read():
                    return self._take_decoded(found)
            elif len(self._text) - self._at > MAX_ROW_LENGTH:
                return self._pass_over_long(found)
            elif not self._read():
                raise self._fault_at_end(found)

    def pass_over(self) -> None:
        """Go behind the next value, whatever its length."""
        first = self.peek()
        if first in "{[":
            self._pass_over_brackets()
        elif first == '"':
            self._at += 1
            self._pass_over_string()
        else:
            self._find(_END_OF_SCALAR)

    def elements(self) -> Iterator[None]:
        """Stop before each element of the array that comes next; whoever asks has to take or pass over it."""
        yield from self._items("[", "]")

    def fields(self) -> Iterator[str]:
        """Stop before each value of the object that comes next, as `elements`, and tell its key."""
        for _ in self._items("{", "}"):
            if self.peek() not in {'"', ""}:
                raise self.fault("a key is missing")
            key, _ = self.value()
            self.take(":")
            # One too long to be read leads nowhere.
            yield key if isinstance(key, str) else ""

    def fault(self, what: str) -> PermanentError:
        """The error for text that is no JSON, where the window has come to."""
        place = self._before + self._at + 1
        return PermanentError("malformed_json", f"The file is not proper JSON at character {place:,}: {what}.")

    def _items(self, opening: str, closing: str) -> Iterator[None]:
        self.take(opening)
        if self.peek() == closing:
            self.take(closing)
            return
        while True:
            yield
            if self.take(",", closing) == closing:
                return

    def _read(self) -> bool:
        """Move the window on; False at the end of the text."""
        chunk = ""
        while not chunk and not self._stream.at_end:
            chunk = self._stream.read()
        self._before += self._at
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return bool(chunk)

    def _decode(self) -> _Decoded | _Undecodable:
        try:
            value, end = _decode(self._text, self._at)
        except json.JSONDecodeError as error:
            return _Undecodable(error.msg, error.pos - self._at)
        except RecursionError as error:
            raise too_deep() from error
        return _Decoded(value, self._text[self._at : end])

    def _take_decoded(self, found: _Decoded) -> tuple[Any, str]:
        self._at += len(found.source)
        if self._at < len(self._text) and _MORE_OF_NUMBER.fullmatch(self._text, self._at):
            raise CutOff
        return found if len(found.source) <= MAX_ROW_LENGTH else _too_long(found.source)

    def _may_be_half(self, found: _Decoded) -> bool:
        """Whether it may be the beginning of a number that goes on behind the window."""
        return _MORE_OF_NUMBER.fullmatch(self._text, self._at + len(found.source)) is not None

    def _fault_at_end(self, found: _Undecodable) -> Exception:
        if self._may_go_on(found):
            return CutOff()
        self._at += found.place
        return self.fault(found.message)

    def _may_go_on(self, found: _Undecodable) -> bool:
        """Whether nothing is wrong with the value but that the window ends."""
        return found.is_open or _HALF.fullmatch(self._text, self._at + found.place) is not None

    def _pass_over_long(self, found: _Undecodable) -> tuple[TooLong, str]:
        if not self._may_go_on(found):
            self._at += found.place
            raise self.fault(found.message)
        long = _too_long(self._text[self._at : self._at + MAX_RAW_TEXT_LENGTH])
        self.pass_over()
        return long

    def _pass_over_brackets(self) -> None:
        depth = 0
        while True:
            found = self._find(_BRACKET_OR_QUOTE, behind=True)
            if found == '"':
                self._pass_over_string()
                continue
            depth += 1 if found in "{[" else -1
            self._brackets_passed += 1
            if depth == 0:
                return
            if depth > _MAX_DEPTH:
                raise too_deep()
            if self._brackets_passed > _MAX_BRACKETS_PASSED:
                raise PermanentError(
                    "value_too_long", "The JSON holds far more than a list. Please upload the list alone."
                )

    def _pass_over_string(self) -> None:
        while self._find(_QUOTE_OR_ESCAPE, behind=True) == "\\":
            if self._at == len(self._text) and not self._read():
                raise CutOff
            self._at += 1

    def _find(self, pattern: re.Pattern[str], *, behind: bool = False) -> str:
        """Go to the next match of a single character, or behind it."""
        while True:
            found = pattern.search(self._text, self._at)
            if found:
                self._at = found.end() if behind else found.start()
                return found[0]
            self._at = len(self._text)
            if not self._read():
                raise CutOff


def _too_long(source: str) -> tuple[TooLong, str]:
    return TooLong.VALUE, source[:MAX_RAW_TEXT_LENGTH]


def too_deep() -> PermanentError:
    """The error for values that stand inside of too many others."""
    return PermanentError(
        "malformed_json",
        "The JSON is nested too deeply to be a list. Please upload an array of objects, or JSON Lines.",
    )

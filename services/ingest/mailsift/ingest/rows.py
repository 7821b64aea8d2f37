"""A row of the file, and the address in a cell of it; pure."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

MAX_ROW_LENGTH: Final = 1024 * 1024
"""Longest row that is read, in characters; a longer one is rejected and the rest goes on."""

MAX_COLUMNS: Final = 16_384
"""Most cells that a row may have, as in a spreadsheet: the widest row of a list widens every row of its CSV."""

MAX_RAW_TEXT_LENGTH: Final = 1000


class RejectReason(StrEnum):
    """Why no address could be taken from a row."""

    NO_ADDRESS = "no_address"
    ROW_TOO_LONG = "row_too_long"
    TOO_MANY_COLUMNS = "too_many_columns"
    UNBALANCED_QUOTE = "unbalanced_quote"
    MALFORMED_JSON = "malformed_json"


# Values are frozen dataclasses elsewhere. These are made for every row of a list of millions, where a named tuple
# costs half as much.


class Row(NamedTuple):
    """A record of the file as it stands there."""

    row_number: int
    """The physical line on which the record starts, from 1."""
    columns: list[str]


class Run(NamedTuple):
    """Rows that stand on a line each, one below the other: most do, and many at a time are taken in faster."""

    row_number: int
    """Of the first."""
    rows: list[list[str]]


class RejectedRow(NamedTuple):
    """A record that could not be read, or has no address."""

    row_number: int
    reason: RejectReason
    raw_text: str
    """Its beginning."""
    sequence_number: int = 0
    """0 until it is known which data row it is."""


# One at-sign only, so that no text makes it try twice.
_IN_BRACKETS: Final = re.compile(r"<([^<>@]*@[^<>@]*)>")
_MAILTO: Final = "mailto:"
# A quoted local part may hold blanks (RFC 5321 4.1.2).
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)+"@\S+')
# What stands around an address in running text and is hardly ever the first or last character of one.
_AROUND: Final = ",;:.()[]{}<>\"'"


def extract(cell: str) -> str:
    """The address inside `Name <a@b.c>` or `mailto:a@b.c`; any other cell as it is, less the blanks around it."""
    text = cell.strip()
    if "<" in text:
        bracketed = _IN_BRACKETS.search(text)
        if bracketed:
            text = bracketed[1].strip()
    if text[:7].lower() == _MAILTO:
        text = text[7:].partition("?")[0].strip()
    return text


def extract_from_line(line: str) -> str:
    """As `extract`, and of several words the first with an at-sign: a line of plain text may say more."""
    text = extract(line)
    if "@" not in text or not any(map(str.isspace, text)) or _QUOTED.fullmatch(text):
        return text
    return extract(next(word for word in text.split() if "@" in word)).strip(_AROUND)

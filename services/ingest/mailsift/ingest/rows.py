"""A row of the file, the e-mail in it, and the row of "uploadEmails" that it becomes; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from mailsift.ingest.dialect import Dialect, Format
from mailsift.shared.addresses import Address, parse

MAX_ROW_LENGTH: Final = 1024 * 1024
"""Longest row that is read, in characters; a longer one is rejected and the rest goes on."""

MAX_COLUMNS: Final = 16_384
"""Most cells that a row may have, as in a spreadsheet: the widest row of a list widens every row of its CSV."""

MAX_RAW_TEXT_LENGTH: Final = 1000
MAX_ADDRESS_TEXT_LENGTH: Final = 1000
MAX_NORMALIZED_LENGTH: Final = 320


class RejectReason(StrEnum):
    """Why no address could be taken from a row."""

    NO_ADDRESS = "no_address"
    ROW_TOO_LONG = "row_too_long"
    TOO_MANY_COLUMNS = "too_many_columns"
    UNBALANCED_QUOTE = "unbalanced_quote"


# Values are frozen dataclasses elsewhere. These are made once or more for every row of a list of millions,
# where a named tuple costs half as much, and COPY takes the last of them as it is.


class Row(NamedTuple):
    """A record of the file as it stands there."""

    row_number: int
    """The physical line on which the record starts, from 1."""
    columns: list[str]


class RejectedRow(NamedTuple):
    """A record that could not be read, or has no address."""

    row_number: int
    reason: RejectReason
    raw_text: str
    """Its beginning."""
    sequence_number: int = 0
    """0 until it is known which data row it is."""


class UploadEmail(NamedTuple):
    """A row of "uploadEmails", in the order of COLUMNS: what one e-mail column holds in one data row."""

    upload_id: str
    sequence_number: int
    row_number: int
    column_index: int
    email_address: str | None
    normalized_address: str | None
    domain: str | None
    is_valid_format: bool
    format_error: str | None
    columns: list[str]


COLUMNS: Final = (
    "uploadId",
    "sequenceNumber",
    "rowNumber",
    "columnIndex",
    "emailAddress",
    "normalizedAddress",
    "domain",
    "isValidFormat",
    "formatError",
    "columns",
)

# One at-sign only, so that no text makes it try twice.
_IN_BRACKETS: Final = re.compile(r"<([^<>@]*@[^<>@]*)>")
_MAILTO: Final = "mailto:"
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
    if "@" not in text or not any(map(str.isspace, text)):
        return text
    return extract(next(word for word in text.split() if "@" in word)).strip(_AROUND)


class Entries:
    """Turns data rows into rows of "uploadEmails": for each as many as there are e-mail columns, adjacent in number.

    The row's own cells stand on the first of them. A row from which no address can be taken has the reason there.
    """

    def __init__(self, upload_id: str, dialect: Dialect) -> None:
        self._upload_id = upload_id
        self._email_columns = dialect.email_columns
        self._places = dialect.kept_email_columns
        self._kept = dialect.kept_columns
        self._extract = extract_from_line if dialect.format is Format.TEXT else extract

    def of(self, number: int, row: Row | RejectedRow) -> list[UploadEmail]:
        """The entries of the data row with this number, counted from 1."""
        if isinstance(row, RejectedRow):
            reason, columns, texts = row.reason, [row.raw_text], [""] * len(self._places)
        else:
            reason, columns, texts = RejectReason.NO_ADDRESS, self._keep(row.columns), self._texts(row.columns)
        sequence_number = (number - 1) * len(self._places) + 1
        entries = []
        for place, text in zip(self._places, texts, strict=True):
            entries.append(self._entry(sequence_number, row.row_number, place, text, columns))
            sequence_number += 1
            columns = []
        if not any(texts):
            entries[0] = entries[0]._replace(format_error=reason)
        return entries

    def _texts(self, columns: list[str]) -> list[str]:
        return [self._extract(columns[column]) if column < len(columns) else "" for column in self._email_columns]

    def _keep(self, columns: list[str]) -> list[str]:
        if self._kept is None:
            return columns
        return [columns[column] if column < len(columns) else "" for column in self._kept]

    def _entry(self, sequence_number: int, row_number: int, place: int, text: str, columns: list[str]) -> UploadEmail:
        upload_id = self._upload_id
        if not text:
            return UploadEmail(upload_id, sequence_number, row_number, place, None, None, None, False, None, columns)
        found = parse(text)
        if len(text) > MAX_ADDRESS_TEXT_LENGTH:
            text = text[:MAX_ADDRESS_TEXT_LENGTH]
        if isinstance(found, Address):
            valid = found.normalized, found.domain, True, None
            return UploadEmail(upload_id, sequence_number, row_number, place, text, *valid, columns)
        invalid = text.lower()[:MAX_NORMALIZED_LENGTH], None, False, found.reason
        return UploadEmail(upload_id, sequence_number, row_number, place, text, *invalid, columns)


def to_upload_emails(
    upload_id: str, rows: Iterable[Row | RejectedRow], dialect: Dialect, *, after: int = 0
) -> Iterator[UploadEmail]:
    """Number the data rows from 1 and turn each into its entries; rows up to `after` are skipped."""
    entries = Entries(upload_id, dialect)
    for number, row in enumerate(rows, start=1):
        if number > after:
            yield from entries.of(number, row)


def rejection(row: UploadEmail) -> RejectedRow | None:
    """What to keep of a row without an address; None when it has one, or is not the first entry of its row."""
    if row.email_address is not None or row.format_error is None:
        return None
    raw_text = ",".join(row.columns)[:MAX_RAW_TEXT_LENGTH]
    return RejectedRow(row.row_number, RejectReason(row.format_error), raw_text, row.sequence_number)

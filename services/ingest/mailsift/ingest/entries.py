"""The rows of "uploadEmails" that a data row becomes, one for each e-mail column; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import (
    MAX_RAW_TEXT_LENGTH,
    RejectedRow,
    RejectReason,
    Row,
    extract,
    extract_from_line,
)
from mailsift.shared.addresses import Address, accept_plain, parse

MAX_ADDRESS_TEXT_LENGTH: Final = 1000
MAX_NORMALIZED_LENGTH: Final = 320


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
    duplicate_of: int | None
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
    "duplicateOf",
    "columns",
)


class Entries:
    """Turns data rows into rows of "uploadEmails": for each as many as there are e-mail columns, adjacent in number.

    The row's own cells stand on the first of them. A row from which no address can be taken has the reason there.
    """

    def __init__(self, upload_id: str, dialect: Dialect, repeats: Repeats) -> None:
        self._upload_id = upload_id
        self._columns = tuple(zip(dialect.email_columns, dialect.kept_email_columns, strict=True))
        self._kept = dialect.kept_columns
        self._extract = extract_from_line if dialect.format is Format.TEXT else extract
        self._repeats = repeats

    def of(self, number: int, row: Row | RejectedRow) -> list[UploadEmail]:
        """The entries of the data row with this number, counted from 1."""
        if isinstance(row, RejectedRow):
            reason, cells, kept = row.reason, [], [row.raw_text]
        else:
            reason, cells, kept = RejectReason.NO_ADDRESS, row.columns, self._keep(row.columns)
        sequence_number = (number - 1) * len(self._columns)
        entries = []
        for column, place in self._columns:
            sequence_number += 1
            cell = cells[column] if column < len(cells) else ""
            entries.append(self._entry(sequence_number, row.row_number, place, cell, kept))
            kept = []
        if not (entries[0].email_address or any(entry.email_address for entry in entries)):
            entries[0] = entries[0]._replace(format_error=reason)
        return entries

    def _keep(self, cells: list[str]) -> list[str]:
        if self._kept is None:
            return cells
        return [cells[column] if column < len(cells) else "" for column in self._kept]

    def _entry(self, sequence_number: int, row_number: int, place: int, cell: str, kept: list[str]) -> UploadEmail:
        found = self._find(cell)
        if found is None:
            nothing = None, None, None, False, None, None
            return UploadEmail(self._upload_id, sequence_number, row_number, place, *nothing, kept)
        text, normalized, domain, fault = found
        first = self._repeats.first(normalized, sequence_number)
        something = text, normalized, domain, fault is None, fault, first
        return UploadEmail(self._upload_id, sequence_number, row_number, place, *something, kept)

    def _find(self, cell: str) -> tuple[str, str, str | None, str | None] | None:
        """What stands for an address in a cell, normalised, its domain, and what is wrong with it."""
        plain = accept_plain(cell)
        if plain is not None:
            return cell, *plain, None
        text = self._extract(cell)
        if not text:
            return None
        address = parse(text)
        text = text[:MAX_ADDRESS_TEXT_LENGTH]
        if isinstance(address, Address):
            return text, address.normalized, address.domain, None
        return text, text.lower()[:MAX_NORMALIZED_LENGTH], None, address.reason


def to_upload_emails(rows: Iterable[Row | RejectedRow], entries: Entries, *, after: int = 0) -> Iterator[UploadEmail]:
    """Number the data rows from 1 and turn each into its entries; rows up to `after` are skipped."""
    for number, row in enumerate(rows, start=1):
        if number > after:
            yield from entries.of(number, row)


def rejection(entry: UploadEmail) -> RejectedRow | None:
    """What to keep of a row without an address; None when it has one, or this is not the first entry of its row."""
    if entry.email_address is not None or entry.format_error is None:
        return None
    raw_text = ",".join(entry.columns)[:MAX_RAW_TEXT_LENGTH]
    return RejectedRow(entry.row_number, RejectReason(entry.format_error), raw_text, entry.sequence_number)

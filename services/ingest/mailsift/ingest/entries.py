"""The entries of "uploadEmails" that a data row becomes, one for each e-mail column, as lines of COPY; pure.

Lists have millions of rows. What is done for each of them does without values that are made only to be taken apart,
and without calls that can be spared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import MAX_RAW_TEXT_LENGTH, RejectedRow, RejectReason, Run, extract, extract_from_line
from mailsift.shared.addresses import Address, accept_plain, parse
from mailsift.shared.copy_text import NULL, encode_array, encode_fields, encode_row

MAX_ADDRESS_TEXT_LENGTH: Final = 1000
MAX_NORMALIZED_LENGTH: Final = 320

COLUMNS: Final = (
    *("uploadId", "sequenceNumber", "rowNumber", "columnIndex", "emailAddress", "normalizedAddress", "domain"),
    *("isValidFormat", "formatError", "duplicateOf", "columns"),
)

_NOTHING: Final = encode_fields((None, None, None, False, None))

Found = tuple[str, str, str | None, str | None]
"""What stands for an address in a cell, the same normalised, its domain, and what is wrong with it."""


@dataclass(slots=True)
class Counts:
    """What went by."""

    rows: int = 0
    emails: int = 0
    """Entries with an address, right or wrong."""
    valid: int = 0
    duplicates: int = 0
    """Entries known to repeat an address further above."""
    rejected: list[RejectedRow] = field(default_factory=list)


class Finder:
    """Looks for addresses where the dialect says that they are."""

    def __init__(self, dialect: Dialect) -> None:
        self._columns = dialect.email_columns
        self._extract = extract_from_line if dialect.format is Format.TEXT else extract

    def look(self, cells: Sequence[str]) -> list[Found | None]:
        """What each e-mail column of a row holds; None where that is nothing."""
        width = len(cells)
        return [self.find(cells[column]) if column < width else None for column in self._columns]

    def find(self, cell: str) -> Found | None:
        """What a cell holds."""
        text = self._extract(cell)
        if not text:
            return None
        address = parse(text)
        text = text[:MAX_ADDRESS_TEXT_LENGTH]
        if isinstance(address, Address):
            return text, address.normalized, address.domain, None
        return text, text.lower()[:MAX_NORMALIZED_LENGTH], None, address.reason


class Entries:
    """Writes data rows, numbered in the order in which they come: with k e-mail columns k entries each.

    The row's own cells stand on the first of them. A row from which no address can be taken has the reason there.
    """

    def __init__(self, upload_id: str, dialect: Dialect, repeats: Repeats, *, after: int = 0) -> None:
        """The rows up to `after` have been written already."""
        self._upload_id = upload_id
        self._columns = tuple(zip(dialect.email_columns, dialect.kept_email_columns, strict=True))
        self._kept = dialect.kept_columns
        self._find = Finder(dialect).find
        self._first = repeats.first
        self.per_row = len(self._columns)
        self._number = after * self.per_row
        """Of the last entry."""

    def write(self, run: Run | RejectedRow, counts: Counts) -> str:
        """The lines of data rows, and count what they hold."""
        if isinstance(run, RejectedRow):
            counts.rows += 1
            return self._write_rejected(run, [run.raw_text], counts)
        counts.rows += len(run.rows)
        lines = []
        for row_number, cells in enumerate(run.rows, run.row_number):
            kept = cells if self._kept is None else keep(cells, self._kept)
            before = counts.emails
            written = self._write_entries(row_number, cells, encode_array(kept), counts)
            if counts.emails == before:
                self._number -= self.per_row
                rejected = RejectedRow(row_number, RejectReason.NO_ADDRESS, ",".join(kept))
                written = self._write_rejected(rejected, kept, counts)
            lines.append(written)
        return "".join(lines)

    def _write_entries(self, row_number: int, cells: list[str], array: str, counts: Counts) -> str:
        lines = ""
        for column, place in self._columns:
            self._number = number = self._number + 1
            cell = cells[column] if column < len(cells) else ""
            plain = accept_plain(cell)
            if plain is None:
                normalized, fields = self._read_odd(cell, counts)
            else:
                # Nothing in it needs an escape.
                normalized, domain = plain
                fields = f"{cell}\t{normalized}\t{domain}\tt\t{NULL}"
                counts.valid += 1
            first = None
            if normalized is not None:
                counts.emails += 1
                first = self._first(normalized, number)
            if first is not None:
                counts.duplicates += 1
            lines += (
                f"{self._upload_id}\t{number}\t{row_number}\t{place}\t{fields}\t"
                f"{NULL if first is None else first}\t{array}\n"
            )
            array = "{}"
        return lines

    def _read_odd(self, cell: str, counts: Counts) -> tuple[str | None, str]:
        """What stands for an address, normalised, and the fields that say so."""
        found = self._find(cell)
        if found is None:
            return None, _NOTHING
        text, normalized, domain, fault = found
        counts.valid += fault is None
        return normalized, encode_fields((text, normalized, domain, fault is None, fault))

    def _write_rejected(self, row: RejectedRow, kept: list[str], counts: Counts) -> str:
        text = row.raw_text[:MAX_RAW_TEXT_LENGTH]
        counts.rejected.append(row._replace(raw_text=text, sequence_number=self._number + 1))
        lines = ""
        fault: str | None = row.reason.value
        for _, place in self._columns:
            self._number += 1
            head = self._upload_id, self._number, row.row_number, place
            lines += encode_row((*head, None, None, None, False, fault, None, kept))
            fault, kept = None, []
        return lines


def keep(cells: Sequence[str], columns: Sequence[int]) -> list[str]:
    """The cells in these columns; a row that is too short has empty ones."""
    width = len(cells)
    return [cells[column] if column < width else "" for column in columns]

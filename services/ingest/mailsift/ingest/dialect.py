"""What was understood of a file: how to read it, where its addresses stand, and what that stands on; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self

AS_ASKED: Final = "as asked"
"""The evidence of what the user said."""


class Format(StrEnum):
    """The shapes a list comes in; the delimiter says which kind of CSV."""

    CSV = "csv"
    TSV = "tsv"
    TEXT = "text"
    MAILBOXES = "mailboxes"
    JSON = "json"
    JSONL = "jsonl"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"


class Container(StrEnum):
    """What a list may be packed in."""

    GZIP = "gzip"
    ZIP = "zip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"


class Way(StrEnum):
    """How a workbook is read, in the order in which the two ways are tried."""

    WHOLE = "whole"
    """By calamine: every format; 2.5 million cells in 2 s, and in 325 MB."""
    ROW_BY_ROW = "row-by-row"
    """By openpyxl: .xlsx only; 2.5 million cells in 30 s, in little more memory than the strings that cells share."""


class Trait(StrEnum):
    """What there is to find out about a file."""

    FORMAT = "format"
    ENCODING = "encoding"
    DELIMITER = "delimiter"
    QUOTE = "quote"
    SHEET = "sheet"
    HEADER = "header"
    EMAIL_COLUMNS = "emailColumns"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found out, how sure that is, and why."""

    what: Trait
    value: str | bool | tuple[str, ...] | None
    confidence: float
    """From 0 to 1; below 0.5 a person should look."""
    evidence: str
    """In a few words."""

    def to_json(self) -> dict[str, Any]:
        """Give it the shape that users see."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        value = stored["value"]
        if isinstance(value, list):
            value = tuple(value)
        return cls(Trait(stored["what"]), value, stored["confidence"], stored["evidence"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How to read a file. Columns are counted from 0."""

    format: Format
    container: Container | None = None
    encoding: str = "utf-8"
    """A codec of Python's; of no account where the format has no choice."""
    delimiter: str | None = None
    """None where the format has none; in plain text the whole line is the one cell."""
    quote: str | None = None
    """None where quotation marks mean nothing."""
    sheet: str | None = None
    """Of a workbook; of JSON the keys that lead to the array, with dots between them, and None for the outermost."""
    way: Way | None = None
    """Of a workbook; to the other way, what looks like an error may be blank. None leaves it open."""
    skipped_rows: int = 0
    """Rows above the header, or above the first data row if there is none."""
    has_header: bool
    column_names: tuple[str, ...]
    """As in the header, in order, duplicates too; `column_1` and so on where it names none."""
    email_columns: tuple[int, ...]
    """At least one, in the order of the file."""
    kept_columns: tuple[int, ...] | None = None
    """In the order of the file, columns with addresses among them; None for all."""
    members: tuple[Member, ...] = ()
    """The lists in a zip file, one behind the other."""
    findings: tuple[Finding, ...] = ()

    def kept(self, names: Sequence[str]) -> list[str]:
        """Return the names of the columns that are kept, of these that a file has."""
        return list(names) if self.kept_columns is None else [names[column] for column in self.kept_columns]

    @property
    def kept_email_columns(self) -> tuple[int, ...]:
        """Where the columns with addresses stand among those that are kept."""
        if self.kept_columns is None:
            return self.email_columns
        return tuple(map(self.kept_columns.index, self.email_columns))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        kept, way = stored["kept_columns"], stored.get("way")
        return cls(
            **{
                **stored,
                "format": Format(stored["format"]),
                "container": Container(stored["container"]) if stored["container"] else None,
                "way": Way(way) if way else None,
                "column_names": tuple(stored["column_names"]),
                "email_columns": tuple(stored["email_columns"]),
                "kept_columns": None if kept is None else tuple(kept),
                "findings": tuple(map(Finding.from_json, stored["findings"])),
                "members": tuple(map(Member.from_json, stored.get("members", ()))),
            }
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A list in a zip file, which is read in a way of its own."""

    index: int
    """Its place in the table of contents."""
    name: str
    dialect: Dialect

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(stored["index"], stored["name"], Dialect.from_json(stored["dialect"]))

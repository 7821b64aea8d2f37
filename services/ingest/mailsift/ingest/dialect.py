"""What was understood of a file: how to read it, and where its addresses stand; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """The shapes a list comes in; the delimiter says which kind of CSV."""

    CSV = "csv"
    TSV = "tsv"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to read a file."""

    format: Format
    encoding: str
    """A codec of Python's."""
    delimiter: str | None
    """None for plain text: the whole line is the one cell."""
    quote: str | None
    """None where quotation marks mean nothing."""
    has_header: bool
    column_names: tuple[str, ...]
    """As in the header, in order, duplicates too; `column_1` and so on where it names none."""
    email_column: int
    """Counted from 0."""
    confidence: float
    """From 0 to 1; below 0.5 a person should look."""
    evidence: tuple[str, ...]
    """What the guess stands on, in a few words each."""

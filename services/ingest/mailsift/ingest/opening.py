"""The one place that knows which reader a file needs: to understand it, and to read it from its beginning."""

from __future__ import annotations

from typing import BinaryIO

from mailsift.ingest.detection import SAMPLE_SIZE, detect
from mailsift.ingest.detection.wishes import refuse_unfitting
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.ingest.formats.structured import StructuredTable
from mailsift.ingest.formats.table import Table
from mailsift.shared.reading import ReadingOptions


def understand(stream: BinaryIO, size: int, options: ReadingOptions) -> Dialect:
    """Tell from the beginning of a file of `size` bytes how to read it; raises PermanentError if it is no list."""
    sample = stream.read(SAMPLE_SIZE)
    dialect = detect(sample, options, complete=len(sample) >= size)
    refuse_unfitting(options, dialect.format)
    return dialect


def open_table(stream: BinaryIO, dialect: Dialect) -> Table:
    """Open a file for reading its data rows."""
    match dialect.format:
        case Format.CSV | Format.TSV | Format.TEXT:
            return DelimitedTable(stream, dialect)
        case Format.MAILBOXES | Format.JSON | Format.JSONL:
            return StructuredTable(stream, dialect)
        case _:
            raise AssertionError(dialect.format)

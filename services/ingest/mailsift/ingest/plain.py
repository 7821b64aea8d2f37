"""Files that are not packed, or no more: the reader that each needs, to be understood and to be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from mailsift.ingest.detection import SAMPLE_SIZE, detect
from mailsift.ingest.detection.contents import refuse_packed, workbook_format
from mailsift.ingest.detection.wishes import refuse_unfitting
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.ingest.formats.structured import StructuredTable
from mailsift.ingest.formats.table import Table
from mailsift.ingest.formats.watched import watched
from mailsift.ingest.workbooks.process import Watch
from mailsift.ingest.workbooks.table import WorkbookTable, understand_workbook
from mailsift.ingest.workbooks.workbooks import Workbooks
from mailsift.shared.reading import ReadingOptions


@dataclass(frozen=True, slots=True)
class PlainFiles:
    """Opens files that are not packed."""

    workbooks: Workbooks = field(default_factory=Workbooks)

    def understand(
        self, stream: BinaryIO, options: ReadingOptions, watch: Watch, *, most: int = SAMPLE_SIZE
    ) -> Dialect:
        """Tell how to read a file, by `most` of its first bytes or so. Raises PermanentError if it is no list."""
        sample = stream.read(most)
        # Only what is beyond the sample tells whether that is all.
        beyond = stream.read(1)
        format_ = workbook_format(sample)
        if format_ is None:
            refuse_packed(sample)
            dialect = detect(sample, options, complete=not beyond)
            refuse_unfitting(options, dialect.format)
            return dialect
        refuse_unfitting(options, format_)
        with self.workbooks.open(stream, watch, beginning=sample + beyond) as workbook:
            return understand_workbook(workbook, format_, options)

    @contextmanager
    def table(self, stream: BinaryIO, size: int, dialect: Dialect, watch: Watch) -> Iterator[Table]:
        """Open a file for reading its data rows."""
        match dialect.format:
            case Format.CSV | Format.TSV | Format.TEXT:
                yield DelimitedTable(watched(stream, watch), dialect)
            case Format.MAILBOXES | Format.JSON | Format.JSONL:
                yield StructuredTable(watched(stream, watch), dialect)
            case Format.XLSX | Format.XLS | Format.ODS:
                with self.workbooks.open(stream, watch, way=dialect.way) as workbook:
                    yield WorkbookTable(workbook, size, dialect)

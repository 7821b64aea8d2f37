"""The one place that knows which reader a file needs: to understand it, and to read it from its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from mailsift.ingest.detection import SAMPLE_SIZE, detect
from mailsift.ingest.detection.contents import workbook_format
from mailsift.ingest.detection.wishes import refuse_unfitting
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.ingest.formats.structured import StructuredTable
from mailsift.ingest.formats.table import Table
from mailsift.ingest.workbooks.process import Watch
from mailsift.ingest.workbooks.table import WorkbookTable, understand_workbook
from mailsift.ingest.workbooks.workbooks import Workbooks
from mailsift.shared.reading import ReadingOptions


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens files. Some take long: `watch` is called meanwhile, and raises when the job is to end."""

    workbooks: Workbooks = field(default_factory=Workbooks)

    def understand(self, stream: BinaryIO, size: int, options: ReadingOptions, watch: Watch) -> Dialect:
        """Tell how to read a file of `size` bytes, mostly by its beginning. Raises PermanentError if it is no list."""
        sample = stream.read(SAMPLE_SIZE)
        format_ = workbook_format(sample)
        if format_ is None:
            dialect = detect(sample, options, complete=len(sample) >= size)
            refuse_unfitting(options, dialect.format)
            return dialect
        refuse_unfitting(options, format_)
        with self.workbooks.open(stream, watch, beginning=sample) as workbook:
            return understand_workbook(workbook, format_, options)

    @contextmanager
    def table(self, stream: BinaryIO, size: int, dialect: Dialect, watch: Watch) -> Iterator[Table]:
        """Open a file for reading its data rows."""
        match dialect.format:
            case Format.CSV | Format.TSV | Format.TEXT:
                yield DelimitedTable(stream, dialect)
            case Format.MAILBOXES | Format.JSON | Format.JSONL:
                yield StructuredTable(stream, dialect)
            case Format.XLSX | Format.XLS | Format.ODS:
                with self.workbooks.open(stream, watch) as workbook:
                    yield WorkbookTable(workbook, size, dialect)

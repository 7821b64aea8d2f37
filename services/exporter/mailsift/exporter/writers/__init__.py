"""One file a format: how the rows of an export become its bytes."""

from __future__ import annotations

from mailsift.exporter.layout import Layout, lay_out
from mailsift.exporter.rendering import Shape
from mailsift.exporter.writers.delimited import CSV, TSV, delimited_writer
from mailsift.exporter.writers.objects import json_lines_writer, json_writer
from mailsift.exporter.writers.packing import gzipped
from mailsift.exporter.writers.sheets import sheet_writer
from mailsift.exporter.writers.writer import Writer
from mailsift.shared.errors import PermanentError
from mailsift.shared.verdicts import Compression, FileType
from mailsift.shared.writing import WritingOptions


def writer_for(file_type: FileType, shape: Shape, options: WritingOptions) -> Writer:
    """Return what writes lists of a shape in a format. Raises PermanentError when this list cannot be written in it."""
    writer = _writer_for(file_type, lay_out(shape, options), options)
    return gzipped(writer) if options.compression is Compression.GZIP else writer


def _writer_for(file_type: FileType, layout: Layout, options: WritingOptions) -> Writer:
    match file_type:
        case FileType.CSV:
            return delimited_writer(CSV, layout, options)
        case FileType.TSV:
            return delimited_writer(TSV, layout, options)
        case FileType.JSON:
            return json_writer(layout)
        case FileType.JSONL:
            return json_lines_writer(layout)
        case FileType.XLSX:
            return sheet_writer(layout)
        case FileType.PARQUET:
            return _parquet_writer(layout)
        case FileType.HTML:
            raise AssertionError("a report is not written from rows")


def _parquet_writer(layout: Layout) -> Writer:
    try:
        from mailsift.exporter.writers.parquet import parquet_writer  # noqa: PLC0415 - an extra, and 60 MB in memory
    except ModuleNotFoundError as error:
        raise PermanentError(
            "parquet_not_installed",
            "this exporter writes no Parquet: install mailsift-exporter[parquet], or ask for another format",
        ) from error
    return parquet_writer(layout)

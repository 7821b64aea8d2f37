"""One file a format: how the rows of an export become its bytes."""

from __future__ import annotations

from collections.abc import Callable

from mailsift.exporter.rendering import Shape
from mailsift.exporter.writers.delimited import csv_writer
from mailsift.exporter.writers.json_lines import jsonl_writer
from mailsift.exporter.writers.writer import Writer
from mailsift.shared.verdicts import FileType

_WRITERS: dict[FileType, Callable[[Shape], Writer]] = {
    FileType.CSV: csv_writer,
    FileType.JSONL: jsonl_writer,
}


def writer_for(file_type: FileType, shape: Shape) -> Writer:
    """Return what writes lists of a shape in a format."""
    return _WRITERS[file_type](shape)

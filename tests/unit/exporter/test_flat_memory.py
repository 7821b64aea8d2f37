from __future__ import annotations

import tracemalloc
from typing import IO, cast

import pytest

from mailsift.exporter.rendering import ANSWERS, Shape
from mailsift.exporter.writers import parquet, writer_for
from mailsift.exporter.writers.writer import AddedRows, CopiedRows
from mailsift.shared.verdicts import Compression, FileType
from mailsift.shared.writing import WritingOptions

ROW = [["a name", "somebody@example.com", "x" * 100], *[None] * len(ANSWERS)]
LINE = b"a name,somebody@example.com," + b"x" * 100 + b"\n"


class Nowhere:
    """A file that keeps nothing."""

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        pass

    closed = False


def peak(file_type: FileType, options: WritingOptions, rows: int) -> int:
    """How many bytes of memory it takes to write so many rows."""
    tracemalloc.start()
    try:
        stream = cast("IO[bytes]", Nowhere())
        with writer_for(file_type, Shape(("name", "email", "note"), (1,)), options).begin(stream) as into:
            match into:
                case CopiedRows():
                    for _ in range(rows * 50):
                        into.stream.write(LINE)
                case AddedRows():
                    for _ in range(rows):
                        into.add(ROW)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("file_type", sorted(set(FileType) - {FileType.HTML}))
def test_ten_times_the_rows_take_no_more_memory(
    monkeypatch: pytest.MonkeyPatch, file_type: FileType, compression: Compression
) -> None:
    monkeypatch.setattr(parquet, "_ROWS_OF_A_GROUP", 200)
    options = WritingOptions(compression)
    peak(file_type, options, 1)
    few, many = (peak(file_type, options, rows) for rows in (200, 2_000))
    assert many < few + 400_000, (few, many)

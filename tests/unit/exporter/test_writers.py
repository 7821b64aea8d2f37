from __future__ import annotations

import pytest

from mailsift.exporter.rendering import Shape
from mailsift.exporter.writers import writer_for
from mailsift.exporter.writers.delimited import COPY_WIDTH
from mailsift.exporter.writers.writer import CopyWriter, RowWriter
from mailsift.shared.verdicts import FileType


def shape(*columns: str) -> Shape:
    return Shape(columns, (0,))


@pytest.mark.parametrize("file_type", FileType)
def test_every_file_type_has_its_writer(file_type: FileType) -> None:
    assert writer_for(file_type, shape("email")).content_type in {"text/csv; charset=utf-8", "application/x-ndjson"}


def test_a_header_quotes_what_has_to_be_quoted() -> None:
    writer = writer_for(FileType.CSV, shape("email", 'a "b", c', "line\nbreak"))
    assert writer.header.decode().startswith('email,"a ""b"", c","line\nbreak",mailsift_status,mailsift_subStatus,')


def test_json_lines_have_no_header() -> None:
    assert writer_for(FileType.JSONL, shape("email")).header == b""


def test_a_list_too_wide_for_copy_is_rendered_here() -> None:
    assert isinstance(writer_for(FileType.CSV, shape(*["c"] * COPY_WIDTH)), CopyWriter)
    writer = writer_for(FileType.CSV, shape(*["c"] * (COPY_WIDTH + 1)))
    assert isinstance(writer, RowWriter)
    answers = ["valid", *[""] * 20]
    line = writer.render((["a", "b\rc"], *answers)).decode()
    assert line == 'a,"b\rc"' + "," * (COPY_WIDTH - 1) + ",valid" + "," * 20 + "\n"

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import parquet
from python_calamine import CalamineWorkbook

from mailsift.exporter.rendering import ANSWERS, Shape
from mailsift.exporter.writers import writer_for
from mailsift.exporter.writers.delimited import COPY_WIDTH, CSV, TSV, Dialect
from mailsift.exporter.writers.writer import AddedRows, CopiedRows
from mailsift.shared.verdicts import Compression, FileType, Formulas
from mailsift.shared.writing import AS_USUAL, WritingOptions

GZIP = WritingOptions(compression=Compression.GZIP)
CONTENT_TYPES = {
    FileType.CSV: "text/csv; charset=utf-8",
    FileType.TSV: "text/tab-separated-values; charset=utf-8",
    FileType.JSON: "application/json",
    FileType.JSONL: "application/x-ndjson",
    FileType.PARQUET: "application/vnd.apache.parquet",
    FileType.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def shape(*columns: str) -> Shape:
    return Shape(columns, (0,))


def written(
    file_type: FileType, columns: Sequence[str], lines: Sequence[bytes], options: WritingOptions = AS_USUAL
) -> bytes:
    stream = io.BytesIO()
    with writer_for(file_type, shape(*columns), options).begin(stream) as rows:
        assert isinstance(rows, CopiedRows)
        for line in lines:
            rows.stream.write(line)
    return stream.getvalue()


@pytest.mark.parametrize("file_type", sorted(set(FileType) - {FileType.HTML}))
def test_every_file_type_of_rows_has_its_writer(file_type: FileType) -> None:
    assert writer_for(file_type, shape("email"), AS_USUAL).content_type == CONTENT_TYPES[file_type]
    assert writer_for(file_type, shape("email"), GZIP).content_type == "application/gzip"


def test_a_header_quotes_what_has_to_be_quoted() -> None:
    names = ("email", 'a "b", c', "line\nbreak")
    header = written(FileType.CSV, names, []).decode()
    assert header.startswith('email,"a ""b"", c","line\nbreak",mailsift_status,mailsift_subStatus,')
    assert written(FileType.TSV, ["a,b", "c\td"], []).startswith(b'a,b\t"c\td"\tmailsift_status\t')


def test_a_name_that_would_run_as_a_formula_is_text_unless_it_is_to_be_kept() -> None:
    assert written(FileType.CSV, ["=1+1", "-5"], []).startswith(b"'=1+1,-5,mailsift_status")
    kept = written(FileType.CSV, ["=1+1", "-5"], [], WritingOptions(formulas=Formulas.KEEP))
    assert kept.startswith(b"=1+1,-5,mailsift_status")


def test_a_mark_comes_first_and_only_when_it_is_asked_for() -> None:
    marked = written(FileType.CSV, ["email"], [], WritingOptions(bom=True))
    assert marked == b"\xef\xbb\xbf" + written(FileType.CSV, ["email"], [])


def test_json_lines_are_the_lines_and_nothing_else() -> None:
    assert written(FileType.JSONL, ["email"], [b"{}\n", b"{}\n"]) == b"{}\n{}\n"


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)), st.integers(1, 40))
def test_json_is_one_array_of_what_is_a_line_each(objects: list[dict[str, str]], size: int) -> None:
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in objects)
    pieces = [lines[start : start + size] for start in range(0, len(lines), size)]
    array = written(FileType.JSON, ["email"], pieces)
    assert json.loads(array) == objects
    assert len(array.splitlines()) == max(len(objects), 1) + 2


def test_a_packed_file_is_the_same_at_any_time_and_holds_the_plain_one() -> None:
    lines = [b"%d,valid\n" % number for number in range(1000)]
    packed = written(FileType.CSV, ["n"], lines, GZIP)
    assert gzip.decompress(packed) == written(FileType.CSV, ["n"], lines)
    assert packed[3:9] == bytes(5) + b"\0"  # neither a name nor a time
    assert packed == written(FileType.CSV, ["n"], lines, GZIP)


def test_a_list_too_wide_for_copy_is_rendered_here() -> None:
    stream = io.BytesIO()
    with writer_for(FileType.CSV, shape(*["c"] * COPY_WIDTH), AS_USUAL).begin(stream) as rows:
        assert isinstance(rows, CopiedRows)
    stream.seek(0)
    with writer_for(FileType.CSV, shape(*["c"] * (COPY_WIDTH + 1)), AS_USUAL).begin(stream) as rows:
        assert isinstance(rows, AddedRows)
        rows.add((["=a", "b\rc"], "valid", *[""] * 20))
    line = stream.getvalue().decode().partition("\n")[2]
    assert line == '\'=a,"b\rc"' + "," * (COPY_WIDTH - 1) + ",valid" + "," * 20 + "\n"


@pytest.mark.parametrize(("dialect", "delimiter"), [(CSV, ","), (TSV, "\t")])
@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=2))
@example(["\r", "a\rb"])
@example(['"', "a,b\r\n"])
@example(["\t", "\\", "t", "\\t"])
def test_a_line_is_read_back_as_it_was(dialect: Dialect, delimiter: str, cells: list[str]) -> None:
    text = dialect.line(cells).decode()
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)) == [cells]


@pytest.mark.parametrize("file_type", [FileType.XLSX, FileType.PARQUET])
def test_what_is_packed_already_can_be_packed_again(file_type: FileType) -> None:
    stream = io.BytesIO()
    with writer_for(file_type, shape("email"), GZIP).begin(stream) as rows:
        assert isinstance(rows, AddedRows)
        rows.add((["a@example.com"], *[None] * len(ANSWERS)))
    content = io.BytesIO(gzip.decompress(stream.getvalue()))
    if file_type is FileType.XLSX:
        assert CalamineWorkbook.from_filelike(content).get_sheet_by_index(0).to_python()[1][0] == "a@example.com"
    else:
        assert parquet.read_table(content).to_pylist()[0]["email"] == "a@example.com"

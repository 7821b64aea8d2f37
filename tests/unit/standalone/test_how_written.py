from __future__ import annotations

from pathlib import Path

import pytest

from mailsift.shared.selection import FilterOption, RowOrder, Selection
from mailsift.shared.verdicts import Compression, FileType, Formulas
from mailsift.shared.writing import AS_USUAL, WritingOptions
from mailsift.standalone.errors import InputError
from mailsift.standalone.how_written import HowWritten


@pytest.mark.parametrize(
    ("out", "file_type", "compression"),
    [
        (None, FileType.CSV, Compression.NONE),
        ("answers", FileType.CSV, Compression.NONE),
        ("answers.txt", FileType.CSV, Compression.NONE),
        ("answers.TSV", FileType.TSV, Compression.NONE),
        ("people.2026.json", FileType.JSON, Compression.NONE),
        ("answers.ndjson", FileType.JSONL, Compression.NONE),
        ("answers.jsonl.gz", FileType.JSONL, Compression.GZIP),
        ("answers.xlsx", FileType.XLSX, Compression.NONE),
        ("answers.parquet", FileType.PARQUET, Compression.NONE),
        ("answers.gz", FileType.CSV, Compression.GZIP),
    ],
)
def test_the_name_of_the_output_tells_what_it_is(
    out: str | None, file_type: FileType, compression: Compression
) -> None:
    path = None if out is None else Path(out)
    assert HowWritten().file_type(path) is file_type
    assert HowWritten().writing(path) == WritingOptions(compression)


def test_what_is_said_counts_more_than_the_name() -> None:
    assert HowWritten("tsv").file_type(Path("answers.json")) is FileType.TSV
    said = HowWritten("csv", gzip=True, bom=True, keep_formulas=True)
    assert said.writing(None) == WritingOptions(Compression.GZIP, Formulas.KEEP, bom=True)
    assert HowWritten("csv").writing(None) == AS_USUAL


def test_rows_are_chosen_by_a_word() -> None:
    assert HowWritten().selection.is_everything
    said = HowWritten(only="recommended", sort="-score")
    chosen = Selection(filter_option=FilterOption.RECOMMENDED, order=RowOrder.SCORE_DESCENDING)
    assert (said.selection, said.some) == (chosen, "-recommended")


def test_columns_are_chosen_and_renamed_one_by_one() -> None:
    said = HowWritten(columns=("email", "a=b"), rename=("a=b=c", "mailsift_status=Status"))
    writing = said.writing(None)
    assert (writing.columns, writing.rename) == (("email", "a=b"), {"a=b": "c", "mailsift_status": "Status"})
    with pytest.raises(InputError, match="does not read NAME=NEW"):
        HowWritten(rename=("Status",)).writing(None)

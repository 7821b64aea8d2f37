from __future__ import annotations

import pytest

from mailsift.shared.verdicts import Compression, FileType, Formulas
from mailsift.shared.writing import AS_USUAL, WritingOptions


@pytest.mark.parametrize(
    ("options", "stored"),
    [
        (AS_USUAL, {}),
        (WritingOptions(bom=True), {"bom": True}),
        (
            WritingOptions(columns=("mailsift_status", "email"), rename={"email": "Mail"}),
            {"columns": ["mailsift_status", "email"], "rename": {"email": "Mail"}},
        ),
        (WritingOptions(Compression.GZIP, Formulas.KEEP), {"compression": "gzip", "formulas": "keep"}),
    ],
)
def test_what_was_said_is_kept_and_read_back(options: WritingOptions, stored: dict[str, object]) -> None:
    assert options.to_json() == stored
    assert WritingOptions.from_json(stored) == options


def test_a_packed_file_says_so_in_its_name() -> None:
    assert AS_USUAL.suffix(FileType.TSV) == ".tsv"
    assert WritingOptions(Compression.GZIP).suffix(FileType.TSV) == ".tsv.gz"

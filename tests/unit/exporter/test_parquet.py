from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mailsift.exporter.rendering import ANSWERS, Kind, Shape
from mailsift.exporter.writers import parquet as writing
from mailsift.exporter.writers import writer_for
from mailsift.exporter.writers.writer import AddedRows
from mailsift.shared.errors import PermanentError
from mailsift.shared.verdicts import FileType
from mailsift.shared.writing import AS_USUAL

Row = Sequence[object]

VALUES = {
    Kind.WORD: st.sampled_from(["valid", "risky"]),
    Kind.TEXT: st.text(st.characters(codec="utf-8"), max_size=5),
    Kind.WORDS: st.lists(st.sampled_from(["spf_missing", "parked"]), max_size=3),
    Kind.NUMBER: st.integers(0, 2**40),
    Kind.FLAG: st.booleans(),
}
answers = st.tuples(*(st.none() | VALUES[answer.kind] for answer in ANSWERS))
cells = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), max_size=3)


def written(shape: Shape, rows: Sequence[Row]) -> parquet.ParquetFile:
    stream = io.BytesIO()
    with writer_for(FileType.PARQUET, shape, AS_USUAL).begin(stream) as into:
        assert isinstance(into, AddedRows)
        for row in rows:
            into.add(row)
    return parquet.ParquetFile(io.BytesIO(stream.getvalue()))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(cells, answers), max_size=8))
def test_any_row_is_read_back_as_it_was(rows: list[tuple[list[str], tuple[object, ...]]]) -> None:
    file = written(Shape(("a", "a", "c"), (0,)), [[row, *told] for row, told in rows])
    assert file.schema_arrow.names[:4] == ["a", "a_2", "c", "mailsift_status"]
    assert [tuple(row.values()) for row in file.read().to_pylist()] == [
        (*row, *[None] * (3 - len(row)), *told) for row, told in rows
    ]


def test_columns_have_their_types_even_where_nothing_is_known() -> None:
    file = written(Shape(("a", "b"), (0, 1)), [[["x"], *[None] * (2 * len(ANSWERS))]])
    types = dict(zip(file.schema_arrow.names, map(str, file.schema_arrow.types), strict=True))
    assert (types["a"], types["mailsift_a_status"], types["mailsift_b_deliverabilityScore"]) == (
        *("string", "string", "int64"),
    )
    assert (types["mailsift_b_isFree"], types["mailsift_b_reasons"][:12]) == ("bool", "list<element"[:12])


@pytest.mark.parametrize(("name", "value"), [("_ROWS_OF_A_GROUP", 2), ("_BYTES_OF_A_GROUP", 450)])
def test_rows_are_written_in_groups_of_bounded_size(monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> None:
    monkeypatch.setattr(writing, name, value)
    file = written(Shape(("a",), (0,)), [[[f"{number}" * 50], *[None] * len(ANSWERS)] for number in range(5)])
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [2, 2, 1]
    assert [row["a"][0] for row in file.read().to_pylist()] == list("01234")


def test_a_list_with_too_many_columns_is_refused() -> None:
    with pytest.raises(PermanentError) as caught:
        writer_for(FileType.PARQUET, Shape(("c",) * writing.COLUMNS, (0,)), AS_USUAL)
    assert caught.value.code == "too_many_columns"


def test_who_has_not_installed_the_extra_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "mailsift.exporter.writers.parquet")
    with pytest.raises(PermanentError) as caught:
        writer_for(FileType.PARQUET, Shape(("c",), (0,)), AS_USUAL)
    assert caught.value.code == "parquet_not_installed"

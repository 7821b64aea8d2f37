import io
import json

from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.formats.json_lines import JsonLines
from mailsift.ingest.rows import MAX_ROW_LENGTH, RejectedRow, RejectReason, Row

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)


def rows(content: str | bytes) -> list[Row | RejectedRow]:
    raw = content.encode() if isinstance(content, str) else content
    return list(JsonLines(io.BytesIO(raw), "utf-8"))


@given(st.lists(st.dictionaries(keys, texts, min_size=1, max_size=5)), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_any_objects_are_read_back_under_their_keys(
    table: list[dict[str, str]], ascii_only: bool, line_end: str
) -> None:
    written = line_end.join(json.dumps(record, ensure_ascii=ascii_only) for record in table)
    reader = JsonLines(io.BytesIO(written.encode("utf-16")), "utf-16")
    found = list(reader)
    assert [row.row_number for row in found] == list(range(1, len(table) + 1))
    for record, row in zip(table, found, strict=True):
        under_names = dict(zip(reader.names, row[1], strict=False))
        assert {name: cell for name, cell in under_names.items() if cell} == {k: v for k, v in record.items() if v}


def test_arrays_and_texts_may_stand_on_lines_too() -> None:
    assert [row[1] for row in rows('["a@b.cd", 1]\n"c@d.ef"\n7\n')] == [["a@b.cd", "1"], ["c@d.ef"], ["7"]]


def test_a_line_that_is_no_json_is_rejected_and_costs_no_other() -> None:
    bad = '{"a": 1, "b": "c@d.ef"'
    assert rows(f'{{"a": 1}}\n{bad}\n\n{{"a": 2}} x\n{{"a": 3}}\n') == [
        Row(1, ["1"]),
        RejectedRow(2, RejectReason.MALFORMED_JSON, bad),
        RejectedRow(4, RejectReason.MALFORMED_JSON, '{"a": 2} x'),
        Row(5, ["3"]),
    ]


def test_the_lines_of_a_pretty_array_are_rows_and_its_brackets_none() -> None:
    assert rows('[\n{"a": 1},\n{"a": 2}\n]\n') == [Row(2, ["1"]), Row(3, ["2"])]


def test_a_line_too_long_too_deep_or_too_wide_is_rejected() -> None:
    wide = json.dumps(dict.fromkeys(map(str, range(20_000))))
    found = rows(f'"{"x" * MAX_ROW_LENGTH}"\n{"[" * 100_000}\n{wide}\n{{"a": 1}}\n')
    assert [row[1] for row in found] == ["row_too_long", "malformed_json", "too_many_columns", ["1"]]


def test_a_line_as_deep_as_can_be_decoded_is_a_row_or_rejected() -> None:
    for depth in range(900, 1000):
        found = rows(f'{{"e": "a@b.cd", "x": {"[" * depth}{"]" * depth}}}\n{{"e": "c@d.ef"}}\n')
        assert found[1] == Row(2, ["c@d.ef"])

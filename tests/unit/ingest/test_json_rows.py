import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.formats import json_text, text
from mailsift.ingest.formats.json_rows import JsonRows
from mailsift.ingest.rows import MAX_COLUMNS, RejectedRow, RejectReason, Row
from mailsift.shared.errors import PermanentError
from packing import MIB
from trickling import Pieces

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = st.none() | st.booleans() | st.integers() | texts
keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
records = st.lists(st.dictionaries(keys, scalars, max_size=5), max_size=5)


def rows(content: str | bytes, path: str | None = None, *, complete: bool = True) -> list[Row | RejectedRow]:
    raw = content.encode() if isinstance(content, str) else content
    return list(JsonRows(io.BytesIO(raw), "utf-8", path, complete=complete))


def cells(content: str | bytes, path: str | None = None, *, complete: bool = True) -> list[list[str]]:
    return [row.columns for row in rows(content, path, complete=complete) if isinstance(row, Row)]


def refusal(content: str | bytes, path: str | None = None) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        rows(content, path)
    return caught.value


def as_text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


@given(records, st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32-be"]), st.sampled_from([None, 1]))
def test_any_array_of_objects_is_read_back_under_its_keys(
    table: list[dict[str, object]], encoding: str, indent: int | None
) -> None:
    written = json.dumps(table, ensure_ascii=len(table) % 2 == 0, indent=indent).encode(encoding)
    reader = JsonRows(io.BytesIO(written), encoding, None)
    found = list(reader)
    assert all(isinstance(row, Row) for row in found)
    assert [row.row_number for row in found] == list(range(1, len(table) + 1))
    names = reader.names
    for record, row in zip(table, found, strict=True):
        under_names = dict(zip(names, row[1], strict=False))
        assert {name: cell for name, cell in under_names.items() if cell} == {
            key: as_text(value) for key, value in record.items() if as_text(value)
        }


@given(st.lists(st.lists(scalars, max_size=4), max_size=4))
def test_any_array_of_arrays_is_read_back(table: list[list[object]]) -> None:
    assert cells(json.dumps(table)) == [list(map(as_text, row)) for row in table]


@given(st.lists(texts))
def test_any_array_of_texts_is_a_column(column: list[str]) -> None:
    assert cells(json.dumps(column)) == [[text] for text in column]


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=10))
def test_what_is_nested_is_compact_json(value: object) -> None:
    [[cell]] = cells(json.dumps([{"a": value}]))
    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert cell == (expected if isinstance(value, list | dict) else as_text(value))


def test_keys_that_come_up_later_are_further_columns() -> None:
    reader = JsonRows(io.BytesIO(b'[{"a": 1}, {"b": 2, "a": 3}, {"b": 4}, {}]'), "utf-8", None)
    assert [row[1] for row in reader] == [["1"], ["3", "2"], ["", "4"], []]
    assert reader.names == ("a", "b")


def test_numbers_stay_as_they_are_written() -> None:
    digits = "9" * 5000
    assert cells(f"[[1.10, 1e400, 007, {digits}]]".replace("007", "7")) == [["1.10", "1e400", "7", digits]]


def test_the_array_may_stand_inside_of_objects() -> None:
    content = (
        '{"n": [1, "]}\\"", {}], "data": {"x": {"items": [[9]]}, "items": [{"a": 1}, {"a": 2}]}, "more": [{"a": 3}]}'
    )
    assert cells(content, "data.items") == [["1"], ["2"]]
    assert cells(content, "more") == [["3"]]
    assert cells(content, "nowhere") == []


def test_objects_may_follow_each_other() -> None:
    assert cells('{"a": 1}\n{"a":\n2}{"a": 3}') == [["1"], ["2"], ["3"]]
    assert cells('{"d": [1, 2]} {"d": [3]}', "d") == [["1"], ["2"], ["3"]]


def test_a_sample_may_break_off_anywhere() -> None:
    content = json.dumps([{"e": 'a\u00e4\\"@b.cd', "n": [1.5, True, None]}, {"e": "\U0001f600"}, {"e": "x"}])
    whole = cells(content)
    for end in range(len(content)):
        found = cells(content[:end], complete=False)
        assert found == whole[: len(found)]
    assert len(cells(content[:-1], complete=False)) == 3


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_it_does_not_matter_where_what_is_read_at_once_ends(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK_SIZE", size)
    content = r'[-1.5e+30, 20, 0.25, -Infinity, NaN, true, "a\u00e4\"@b.cd", {"e": 1E5}]'
    assert cells(content) == [
        ["-1.5e+30"],
        ["20"],
        ["0.25"],
        ["-Infinity"],
        ["NaN"],
        ["true"],
        ['a\u00e4"@b.cd'],
        ["1E5"],
    ]


def test_an_object_as_deep_as_can_be_decoded_is_read_or_malformed() -> None:
    for depth in range(900, 1000):
        content = f'[{{"e": "a@b.cd", "x": {"[" * depth}{"]" * depth}}}]'
        with suppress(PermanentError):
            assert len(rows(content)) == 1


@pytest.mark.parametrize(
    "content",
    [
        '["a@b.cd"',
        '["a@b.cd",',
        '["a@b.cd", "c@',
        '[{"a": 1',
        '[{"a"',
        '[{"a": tru',
        '[{"a": "\\ud83d\\ude',
        "[1",
        "[",
        "[1.",
        "[-2.5e+",
    ],
)
def test_json_cut_off_is_malformed(content: str) -> None:
    error = refusal(content)
    assert (error.code, "ends too early" in error.message) == ("malformed_json", True)


@pytest.mark.parametrize(
    ("content", "place"),
    [("[1 2]", 4), ("[1,]", 4), ('[{"a" 1}]', 7), ("[1]]", 4), ("[1] x", 5), ("{'a': 1}", 2), ("[1,,2]", 4)],
)
def test_what_is_no_json_is_malformed_and_the_place_is_told(content: str, place: int) -> None:
    error = refusal(content)
    assert (error.code, f"character {place}:" in error.message) == ("malformed_json", True), error.message


@pytest.mark.parametrize(
    "content", ['{"a": 1, "d": [1, 2}', '{"a" [1]}', "{1: [1]}", '{"d": [1]', '{"b": {"c": [1', '{"d": [1]}}']
)
def test_around_the_array_it_is_malformed_too(content: str) -> None:
    assert refusal(content, "d").code == "malformed_json"


def test_characters_without_a_place_in_the_database_are_replaced() -> None:
    assert cells(r'["a\u0000b\ud800c\udc00", "\ud83d\ude00"]') == [["ab\ufffdc\ufffd"], ["\U0001f600"]]
    assert cells(b'["a\0b"]') == [["ab"]]
    reader = JsonRows(io.BytesIO(rb'[{"n\u0000\ud800": 1}]'), "utf-8", None)
    assert (len(list(reader)), reader.names) == (1, ("n\ufffd",))


# --- too much of it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "long", ['"' + "x" * MIB + '"', '"' + '\\"' * (3 * MIB) + '"', "[" + "[]," * (MIB // 3) + "[]]"]
)
def test_a_row_too_long_is_rejected_and_the_rest_goes_on(long: str) -> None:
    row = f'{{"a": {long}}}'
    assert rows(f'[{{"a": 1}}, {row}, {{"a": 2}}]') == [
        Row(1, ["1"]),
        RejectedRow(2, RejectReason.ROW_TOO_LONG, row[:1000]),
        Row(3, ["2"]),
    ]


def test_a_gigantic_text_takes_little_memory() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'["a@b.cd", "'
        for _ in range(16):
            yield b"x" * (4 * MIB)
        yield b'", "c@d.ef"]'

    tracemalloc.start()
    found = list(JsonRows(io.BufferedReader(Pieces(pieces())), "utf-8", None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row[1] for row in found] == [["a@b.cd"], "row_too_long", ["c@d.ef"]]
    assert peak < 32 * MIB


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("path", [None, "x"])
def test_depth_without_end_is_refused(opening: str, path: str | None) -> None:
    content = opening * (2 * MIB)
    error = refusal(content if path is None else f'{{"y": {content}', path)
    assert (error.code, "nested" in error.message) == ("malformed_json", True)


def test_brackets_without_end_beside_the_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "_MAX_BRACKETS_PASSED", 100_000)
    assert cells('{"other": [' + "[]," * 49_998 + '[]], "data": [1]}', "data") == [["1"]]
    assert refusal('{"other": [' + "[]," * 50_000, "data").code == "value_too_long"


def test_a_row_of_too_many_columns_is_rejected_whether_its_keys_are_its_own_or_not() -> None:
    wide = {f"k{number}": number for number in range(MAX_COLUMNS)}
    found = rows(json.dumps([wide, {"late": 1}, [0] * (MAX_COLUMNS + 1), {"k0": 1}]))
    assert [row[1] for row in found[1:]] == ["too_many_columns", "too_many_columns", ["1"]]


def test_objects_that_have_no_key_in_common_do_not_grow_a_thousandfold() -> None:
    table = [{f"k{number}": 1} for number in range(MAX_COLUMNS)]
    assert refusal(json.dumps(table)).code == "too_many_columns"


def test_a_key_of_no_reasonable_length_costs_its_row() -> None:
    assert [row[1] for row in rows(json.dumps([{"x" * 1001: 1}, {"a": 1}]))] == ["too_many_columns", ["1"]]


def test_bytes_read_tell_how_far_the_reader_has_come() -> None:
    content = json.dumps([{"e": "a@b.cd"}] * 100_000).encode()
    reader = JsonRows(io.BytesIO(content), "utf-8", None)
    next(iter(reader))
    assert 0 < reader.bytes_read < len(content)


@given(st.text(st.sampled_from('[]{}",:\\ \n1ae')))
def test_any_text_is_read_or_malformed(text: str) -> None:
    for path in (None, "a"):
        try:
            rows(text, path)
        except PermanentError as error:
            assert error.code == "malformed_json"  # noqa: PT017 - both outcomes are right

import json
from collections.abc import Iterator
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copied import decode_array, decode_line
from mailsift.shared.copy_text import CopyStream, Json, encode_row

# No NUL and no lone surrogate: PostgreSQL's text has no place for them.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
nasty = st.text(st.sampled_from('\\\t\n\r"{},N a\u00a0é'))
cells = texts | nasty


class Colour(StrEnum):
    GREEN = "green"


def decode_cell(line: str) -> str:
    [cell] = decode_line(line)
    assert cell is not None
    return cell


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (None, r"\N"),
        ("", ""),
        (r"\N", r"\\N"),
        ("a\tb\nc\rd\\e", r"a\tb\nc\rd\\e"),
        ("a\0b", "ab"),
        (True, "t"),
        (False, "f"),
        (-7, "-7"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.GREEN, "green"),
        ([], "{}"),
        (["a", "b"], '{"a","b"}'),
        ([None, "NULL", ""], '{NULL,"NULL",""}'),
        (['say "hi"'], r'{"say \\"hi\\""}'),
        (["a\\b\n"], r'{"a\\\\b\n"}'),
        (('a","b',), r'{"a\\",\\"b"}'),
        (Json([["no_mx", -40]]), '[["no_mx",-40]]'),
        (Json({"a": "é\n"}), r'{"a":"é\\n"}'),
        (Json(None), "null"),
    ],
)
def test_a_value_has_one_copy_text(value: object, encoded: str) -> None:
    assert encode_row([value]) == f"{encoded}\n"


def test_a_value_of_unknown_type_is_refused() -> None:
    with pytest.raises(TypeError, match="no COPY text for object"):
        encode_row([object()])


@given(st.lists(st.none() | cells, min_size=1))
def test_any_texts_come_back(values: list[str | None]) -> None:
    assert decode_line(encode_row(values)) == values


@given(st.lists(st.none() | cells))
def test_any_array_comes_back(values: list[str | None]) -> None:
    assert decode_array(decode_cell(encode_row([values]))) == values


@given(st.recursive(st.none() | st.booleans() | st.integers() | cells, st.lists, max_leaves=5))
def test_any_json_comes_back(value: object) -> None:
    assert json.loads(decode_cell(encode_row([Json(value)]))) == value


def test_a_stream_gives_whole_lines_until_none_is_left() -> None:
    stream = CopyStream(["aaaa\n", "bb\n", "é\n"])
    assert [stream.read(6), stream.read(6), stream.read(6)] == [b"aaaa\nbb\n", "é\n".encode(), b""]


def test_a_stream_takes_no_line_before_it_is_read() -> None:
    taken = []

    def lines() -> Iterator[str]:
        for line in ("a\n", "b\n", "c\n"):
            taken.append(line)
            yield line

    stream = CopyStream(lines())
    stream.read(2)
    assert taken == ["a\n"]


def test_a_stream_remembers_what_its_source_raised() -> None:
    def lines() -> Iterator[str]:
        yield "a\n"
        raise LookupError

    stream = CopyStream(lines())
    with pytest.raises(LookupError):
        stream.read(6)
    assert isinstance(stream.failure, LookupError)


def test_a_lone_surrogate_does_not_fail_the_load() -> None:
    assert CopyStream([encode_row(["a\ud800b"])]).read(6) == b"a?b\n"

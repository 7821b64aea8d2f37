from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from mailsift.api.intake.addresses import one_a_line
from mailsift.api.intake.body import UploadLimit, chunks, limited
from mailsift.api.intake.multipart import read_form
from mailsift.api.intake.names import attachment, from_disposition, safe_name
from mailsift.api.problems import Problem


def form(content: bytes, more: bytes = b"", end: bytes = b"--x--\r\n", field: str = "file") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
    return head.encode() + content + b"\r\n" + more + end


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


@given(st.binary(max_size=5000) | st.text("x-\r\n", max_size=50).map(str.encode), st.integers(1, 700))
def test_a_file_comes_out_of_its_form_byte_for_byte_however_it_is_cut(content: bytes, size: int) -> None:
    assume(b"--x" not in content)
    read = read_form(pieces(form(content), size), "x")
    assert read.file_name == "a.csv"
    assert b"".join(read.chunks) == content


def field(name: str, value: bytes) -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"


FIELDS = frozenset({"one", "two"})


@given(
    st.binary(max_size=200),
    st.text("a-\r\n ü", max_size=20),
    st.text("a-\r\n ü", max_size=20),
    st.sampled_from(["before", "after", "around"]),
    st.integers(1, 300),
)
def test_fields_come_out_of_a_form_wherever_they_stand(
    content: bytes, one: str, two: str, where: str, size: int
) -> None:
    assume(b"--x" not in content)
    first, second = field("one", one.encode()), field("two", two.encode())
    body = {
        "before": first + second + form(content),
        "after": form(content, more=first + second),
        "around": first + form(content, more=second),
    }[where]
    read = read_form(pieces(body, size), "x", FIELDS)
    assert read.fields == {"before": {"one": one, "two": two}, "after": {}, "around": {"one": one}}[where]
    assert b"".join(read.chunks) == content
    assert read.fields == {"one": one, "two": two}


@pytest.mark.parametrize(
    "fields",
    [
        field("three", b"1"),
        field("One", b"1"),
        field("", b"1"),
        field("one", b"1") * 2,
        field("one", b"\xff"),
        field("one", b"1" * 8193),
        field("x" * 10_000, b"1"),
    ],
)
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_field_that_is_unknown_or_twice_or_too_long_is_refused(fields: bytes, where: str) -> None:
    body = fields + form(b"a") if where == "before" else form(b"a", more=fields)
    with pytest.raises(Problem) as refused:
        b"".join(read_form(pieces(body, 100), "x", FIELDS).chunks)
    assert refused.value.code == "validation_failed"
    assert len(refused.value.faults[0].field) <= 100


def test_a_form_of_fields_alone_has_no_file() -> None:
    with pytest.raises(Problem) as refused:
        read_form(pieces(field("one", b"1") + b"--x--\r\n", 100), "x", FIELDS)
    assert [fault.field for fault in refused.value.faults] == ["file"]


def test_a_field_that_is_cut_short_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        b"".join(read_form([form(b"a", more=field("one", b"1"), end=b"")], "x", FIELDS).chunks)
    assert refused.value.code == "malformed_body"


@pytest.mark.parametrize(
    ("body", "boundary", "code"),
    [
        (form(b"a"), None, "malformed_body"),
        (form(b"a"), "y", "malformed_body"),
        (form(b"a", end=b""), "x", "malformed_body"),
        (b"", "x", "malformed_body"),
        (b"--x\r\nContent-Type: text/csv\r\n\r\na\r\n--x--\r\n", "x", "malformed_body"),
        (b"--x--\r\n", "x", "validation_failed"),
        (form(b"a", field="list"), "x", "validation_failed"),
        (form(b"a", more=form(b"b", end=b"")), "x", "validation_failed"),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n--x--\r\n', "x", "validation_failed"),
    ],
)
def test_a_form_without_its_one_whole_file_is_refused(body: bytes, boundary: str | None, code: str) -> None:
    with pytest.raises(Problem) as refused:
        b"".join(read_form(pieces(body, 10), boundary).chunks)
    assert refused.value.code == code


def test_a_header_without_end_is_not_buffered_for_ever() -> None:
    with pytest.raises(Problem) as refused:
        read_form((b"--x\r\nX: " if n == 0 else b"x" * 100_000 for n in range(1000)), "x")
    assert refused.value.code == "malformed_body"


def test_what_follows_a_form_is_read_and_dropped() -> None:
    body = pieces(form(b"a") + b"epilogue" * 1000, 100)
    assert b"".join(read_form(body, "x").chunks) == b"a"
    assert list(body) == []


def test_a_body_is_whole_or_refused() -> None:
    assert b"".join(chunks(io.BytesIO(b"abc"), 3)) == b"abc"
    assert b"".join(chunks(io.BytesIO(b"abc"), None)) == b"abc"
    with pytest.raises(Problem) as refused:
        b"".join(chunks(io.BytesIO(b"abc"), 4))
    assert refused.value.code == "body_incomplete"


def test_a_stream_is_cut_off_at_the_limit() -> None:
    assert b"".join(limited([b"ab", b"c"], UploadLimit(3))) == b"abc"
    with pytest.raises(Problem) as refused:
        list(limited([b"ab", b"cd"], UploadLimit(3, "free")))
    assert refused.value.code == "upload_too_large"


@given(st.lists(st.emails(), max_size=2100))
def test_addresses_are_written_one_a_line(emails: list[str]) -> None:
    assert b"".join(one_a_line(emails)).decode().split("\n") == [*emails, ""]


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("leads.csv", "leads.csv"),
        ("C:\\lists\\leads.csv", "leads.csv"),
        ("../../etc/passwd", "passwd"),
        ("Läds \u202egpj.csv", "Läds gpj.csv"),
        ("a\x00b\n.csv", "ab.csv"),
        ("x" * 300 + ".csv", "x" * 251 + ".csv"),
        ("..", "upload"),
        ("lists/", "upload"),
        ("", "upload"),
        (None, "upload"),
    ],
)
def test_a_file_name_is_made_safe(given_name: str | None, kept: str) -> None:
    assert safe_name(given_name) == kept


@given(st.text(max_size=400))
def test_no_file_name_breaks_a_header(name: str) -> None:
    safe = safe_name(name)
    header = attachment(safe)
    assert header.isascii()
    assert header.isprintable()
    assert "/" not in safe
    assert from_disposition(header) == safe
    assert parse_options_header(header)[0] == "attachment"

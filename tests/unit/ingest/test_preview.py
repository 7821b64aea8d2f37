from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mailsift.ingest.dialect import Dialect
from mailsift.ingest.disposable import is_disposable
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.opening import Opener
from mailsift.ingest.preview import MOST_BYTES, Preview, look
from mailsift.ingest.rows import RejectedRow, Row, Run
from mailsift.shared.reading import ReadingOptions


class Counted(io.BytesIO):
    """A stream that knows how much was read of it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        chunk = super().read(size)
        self.taken += len(chunk)
        return chunk


def understand(content: bytes) -> Dialect:
    return Opener().understand(io.BytesIO(content), ReadingOptions(), lambda: None)


def look_at(stream: io.BytesIO, dialect: Dialect) -> Preview:
    size = len(stream.getvalue())
    with Opener().table(stream, size, dialect, lambda: None) as table:
        return look(table, dialect, size)


def preview_of(content: bytes) -> tuple[Preview, int]:
    """What is shown of a list, and how many bytes were read for it."""
    dialect = understand(content)
    stream = Counted(content)
    return look_at(stream, dialect), stream.taken


def test_a_short_list_is_seen_as_a_whole() -> None:
    preview, _ = preview_of(
        b"name,e-mail\nAnn,ann@example.com\nJon,ANN@example.com\nEve,\nMax,not an address\nBob,bob@x.mailinator.com\n"
    )
    shown = preview.to_json()
    assert (shown["complete"], shown["rowsRead"], shown["estimatedRows"]) == (True, 5, 5)
    assert shown["rows"][0] == {"rowNumber": 2, "columns": ["Ann", "ann@example.com"]}
    assert shown["estimate"] == {
        "badSyntax": {"count": 1, "of": 4, "share": 0.25},
        "duplicates": {"count": 1, "of": 4, "share": 0.25},
        "disposable": {"count": 1, "of": 4, "share": 0.25},
        "noAddress": {"count": 1, "of": 5, "share": 0.2},
    }


def test_of_a_long_list_only_the_first_mebibyte_is_read_and_the_rest_is_reckoned() -> None:
    rows = 100_000
    preview, taken = preview_of(
        b"number,email\n" + b"".join(b"%06d,person%06d@example.com\n" % (n, n) for n in range(rows))
    )
    assert not preview.complete
    assert taken == preview.bytes_read == MOST_BYTES
    assert preview.estimated_rows == pytest.approx(rows, rel=0.02)
    assert preview.tally.rows < rows / 2
    assert len(preview.rows) == 10


def test_only_columns_that_are_kept_are_shown() -> None:
    content = b"name,e-mail,town\nAnn,ann@example.com,Bonn\n"
    dialect = replace(understand(content), kept_columns=(1, 2))
    preview = look_at(io.BytesIO(content), dialect)
    assert preview.rows[0].columns == ["ann@example.com", "Bonn"]


def test_what_is_shown_of_a_row_is_bounded() -> None:
    cells = ["ann@example.com", *["x" * 500] * 500]
    preview, _ = preview_of((",".join(cells) + "\n").encode() * 3)
    assert {len(row.columns) for row in preview.rows} == {100}
    assert {len(cell) for row in preview.rows for cell in row.columns} == {15, 100}


class Packed:
    """A table that unfolds without end from the few bytes of its first read."""

    bytes_read = 100
    column_names = ("column_1",)

    def __iter__(self) -> Iterator[Row | RejectedRow]:
        number = 0
        while True:
            number += 1
            yield Row(number, [f"person{number}@example.com"])

    def runs(self) -> Iterator[Run | RejectedRow]:
        return in_runs(self)


def test_what_is_packed_ends_by_its_characters_and_nobody_guesses_its_rows() -> None:
    dialect = understand(b"ann@example.com\n")
    preview = look(Packed(), dialect, 1000)
    assert (preview.complete, preview.estimated_rows) == (False, None)
    assert 20_000 < preview.tally.rows < 60_000


def test_rows_that_cannot_be_read_are_counted_and_not_shown() -> None:
    preview, _ = preview_of(b'name,email\nAnn,ann@example.com\n"Bob,bob@example.com\nEve,eve@example.com\n')
    assert (preview.tally.rows, preview.tally.no_address) == (3, 1)
    assert [row.columns[0] for row in preview.rows] == ["Ann", "Eve"]


@pytest.mark.parametrize("domain", ["mailinator.com", "x.mailinator.com", "a.b.mailinator.com"])
def test_what_lies_below_a_disposable_domain_is_disposable(domain: str) -> None:
    assert is_disposable(domain)


@pytest.mark.parametrize("domain", ["example.com", "com", "x-mailinator.example", "mailinator.com.example"])
def test_other_domains_are_not(domain: str) -> None:
    assert not is_disposable(domain)

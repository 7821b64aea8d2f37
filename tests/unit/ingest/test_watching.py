"""Whoever reads a list is asked for every block of it whether to go on, also while no row comes."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import islice

import pytest

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.opening import Opener
from mailsift.shared.errors import JobCancelled

BLANK_LINES = b"\n" * 2 * 1024**2
ROWS = b"a@example.com\n" * 100_000
FORMATS = [Format.CSV, Format.TSV, Format.TEXT, Format.MAILBOXES, Format.JSON, Format.JSONL]


def dialect(format_: Format) -> Dialect:
    delimiter = {Format.CSV: ",", Format.TSV: "\t"}.get(format_)
    return Dialect(format=format_, delimiter=delimiter, has_header=False, column_names=("email",), email_columns=(0,))


def cancelled(after: int) -> Callable[[], None]:
    looks = iter(range(after))

    def watch() -> None:
        if next(looks, None) is None:
            raise JobCancelled

    return watch


@pytest.mark.parametrize("format_", FORMATS)
def test_a_job_ends_while_blank_lines_are_read(format_: Format) -> None:
    stream = io.BytesIO(BLANK_LINES)
    with (
        Opener().table(stream, len(BLANK_LINES), dialect(format_), cancelled(after=2)) as table,
        pytest.raises(JobCancelled),
    ):
        next(iter(table))
    assert stream.tell() <= len(BLANK_LINES) // 4


@pytest.mark.parametrize("format_", [Format.CSV, Format.TEXT, Format.MAILBOXES])
def test_a_job_ends_while_rows_are_passed_over_that_an_earlier_attempt_has_loaded(format_: Format) -> None:
    stream = io.BytesIO(ROWS)
    with (
        Opener().table(stream, len(ROWS), dialect(format_), cancelled(after=2)) as table,
        pytest.raises(JobCancelled),
    ):
        next(islice(table, 99_999, None))
    assert stream.tell() < len(ROWS) // 2

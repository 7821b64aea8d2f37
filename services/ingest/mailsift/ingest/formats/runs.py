"""Rows many at a time, where they stand below each other: what is done for millions of them takes fewer steps; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsift.ingest.dialect import Dialect
from mailsift.ingest.rows import RejectedRow, Row, Run

Runs = Iterable[Run | RejectedRow]


def in_runs(rows: Iterable[Row | RejectedRow]) -> Iterator[Run | RejectedRow]:
    """Each row as a run of its own."""
    for row in rows:
        yield Run(row.row_number, [row.columns]) if isinstance(row, Row) else row


def in_rows(runs: Runs) -> Iterator[Row | RejectedRow]:
    """One row after the other."""
    for run in runs:
        if isinstance(run, Run):
            for row_number, cells in enumerate(run.rows, run.row_number):
                yield Row(row_number, cells)
        else:
            yield run


def data_runs(runs: Runs, dialect: Dialect) -> Iterator[Run | RejectedRow]:
    """Leave out what `data_rows` does."""
    left = dialect.skipped_rows + dialect.has_header
    for run in runs:
        if left and isinstance(run, Run):
            here = min(left, len(run.rows))
            left -= here
            yield from _without(run, here)
        else:
            yield run


def skip(runs: Runs, count: int) -> Iterator[Run | RejectedRow]:
    """What comes after so many rows, rejected ones counted too."""
    for run in runs:
        here = min(count, len(run.rows) if isinstance(run, Run) else 1)
        count -= here
        if isinstance(run, Run):
            yield from _without(run, here)
        elif not here:
            yield run


def _without(run: Run, first: int) -> Iterator[Run]:
    if first < len(run.rows):
        yield Run(run.row_number + first, run.rows[first:]) if first else run

"""Killed at any row, a list goes on from the checkpoint as if nothing had been."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from copied import Entry, read_entries
from mailsift.ingest.batching import BatchLimits, batches
from mailsift.ingest.checkpoint import Checkpoint
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.entries import Entries
from mailsift.ingest.formats.runs import in_runs, skip
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import RejectedRow, RejectReason, Row

rows = st.lists(
    st.builds(Row, st.just(1), st.lists(st.sampled_from(["", "a@b.cd", "no"]), max_size=5))
    | st.builds(RejectedRow, st.just(1), st.sampled_from(RejectReason), st.just("raw")),
    max_size=40,
)


class Killed(Exception):
    pass


def dying(source: Iterable[Row | RejectedRow], after: int) -> Iterator[Row | RejectedRow]:
    yield from islice(source, after)
    raise Killed


def load(source: Iterable[Row | RejectedRow], state: Checkpoint, limits: BatchLimits) -> tuple[list[Entry], Checkpoint]:
    """What an attempt commits, to its end or until it is killed: whole batches only."""
    entries = Entries("an-id", state.dialect, Repeats(room=0), after=state.rows)
    committed: list[Entry] = []
    with suppress(Killed):
        for batch in batches(skip(in_runs(source), state.rows), entries, limits, lambda: 0.0):
            committed += read_entries("".join(batch))
            state = state.after(batch)
    return committed, Checkpoint.from_json(state.to_json())


@given(rows, st.integers(1, 4), st.integers(1, 9), st.lists(st.integers(0, 40), max_size=8))
def test_killed_at_any_row_nothing_is_missing_or_doubled(
    source: list[Row | RejectedRow], email_columns: int, size: int, kills: list[int]
) -> None:
    names = tuple(f"c{number}" for number in range(email_columns))
    start = Checkpoint(
        Dialect(format=Format.CSV, has_header=False, column_names=names, email_columns=tuple(range(email_columns)))
    )
    limits = BatchLimits(rows=size, rejected=size)
    whole, end = load(source, start, limits)
    loaded: list[Entry] = []
    state = start
    for attempt in [*(dying(source, rows_read) for rows_read in kills), source]:
        committed, state = load(attempt, state, limits)
        loaded += committed
    assert loaded == whole
    assert state == end
    assert end.rows == len(source)
    assert end.rejected == sum(entry.email_address is None and entry.format_error is not None for entry in whole)

from collections.abc import Callable, Iterator
from itertools import chain, count

from copied import read_entries
from mailsift.ingest.batching import Batch, BatchLimits, batches
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.entries import Counts, Entries
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import RejectedRow, Row

# More than is written at a time.
LONG = "x" * 100_000


def standing_still() -> float:
    return 0.0


def ticking() -> Callable[[], float]:
    """A clock that moves on a second each time it is looked at."""
    ticks = count()
    return lambda: float(next(ticks))


def rows(number: int, cell: str = "a@b.cd") -> Iterator[Row | RejectedRow]:
    return (Row(at, [cell]) for at in range(1, number + 1))


def cut(
    source: Iterator[Row | RejectedRow],
    limits: BatchLimits,
    clock: Callable[[], float] = standing_still,
    *,
    per_row: int = 1,
) -> Iterator[Batch]:
    columns = tuple(range(per_row))
    dialect = Dialect(format=Format.CSV, has_header=False, column_names=("c",) * per_row, email_columns=columns)
    return batches(in_runs(source), Entries("an-id", dialect, Repeats()), limits, clock)


def sizes(found: Iterator[Batch]) -> list[int]:
    """How many entries each has."""
    return [len(read_entries("".join(batch))) for batch in found]


def test_a_batch_ends_with_its_last_row() -> None:
    assert sizes(cut(rows(7), BatchLimits(rows=3))) == [3, 3, 1]


def test_a_data_row_is_never_parted() -> None:
    assert sizes(cut(rows(3), BatchLimits(rows=1), per_row=3)) == [3, 3, 3]
    assert sizes(cut(rows(4, cell=LONG), BatchLimits(seconds=0), ticking(), per_row=2)) == [2, 2, 2, 2]
    batch = next(cut(rows(4), BatchLimits(rows=3), per_row=2))
    assert len(read_entries("".join(batch))) == 4
    assert batch.counts.rows == 2


def test_no_batch_is_empty() -> None:
    assert sizes(cut(rows(6), BatchLimits(rows=3))) == [3, 3]
    assert sizes(cut(rows(0), BatchLimits())) == []


def test_a_batch_ends_when_its_time_is_up() -> None:
    assert sizes(cut(rows(5, cell=LONG), BatchLimits(seconds=2), ticking())) == [2, 2, 1]


def test_many_short_rows_are_written_at_a_time_and_a_long_one_by_itself() -> None:
    batch = next(cut(chain(rows(1000), rows(1, cell=LONG), rows(1)), BatchLimits()))
    assert [len(read_entries(lines)) for lines in batch] == [1001, 1]


def test_a_batch_ends_when_enough_rejected_rows_wait() -> None:
    assert sizes(cut(rows(5, cell=""), BatchLimits(rejected=2))) == [2, 2, 1]


def test_a_batch_counts_what_went_through_it() -> None:
    source = iter([Row(1, ["a@b.cd"]), Row(2, ["a"]), Row(3, [" "]), Row(4, ["A@b.cd"])])
    batch = next(cut(source, BatchLimits()))
    assert batch.counts == Counts()
    assert [entry.sequence_number for entry in read_entries("".join(batch))] == [1, 2, 3, 4]
    counts = batch.counts
    assert (counts.rows, counts.emails, counts.valid, counts.duplicates) == (4, 3, 2, 1)
    assert [(row.sequence_number, row.reason, row.raw_text) for row in counts.rejected] == [(3, "no_address", " ")]


def test_every_row_is_in_one_batch_in_order() -> None:
    lines = "".join(line for batch in cut(rows(100), BatchLimits(rows=7)) for line in batch)
    assert [entry.row_number for entry in read_entries(lines)] == list(range(1, 101))


def test_nothing_is_read_before_it_is_asked_for() -> None:
    source = rows(10)
    batch = next(cut(source, BatchLimits(rows=3)))
    assert next(source).row_number == 2
    assert [entry.row_number for entry in read_entries("".join(batch))] == [1, 3, 4]

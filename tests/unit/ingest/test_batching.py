from collections.abc import Callable, Iterator
from itertools import count

from mailsift.ingest.batching import Batch, BatchLimits, batches
from mailsift.ingest.entries import UploadEmail
from mailsift.ingest.rows import RejectReason


def standing_still() -> float:
    return 0.0


def ticking() -> Callable[[], float]:
    """A clock that moves on a second each time it is looked at."""
    ticks = count()
    return lambda: float(next(ticks))


def valid(number: int) -> UploadEmail:
    return UploadEmail("an-id", number, number, 0, "a@b.cd", "a@b.cd", "b.cd", True, None, None, ["a@b.cd"])


def invalid(number: int) -> UploadEmail:
    return UploadEmail("an-id", number, number, 0, "a", "a", None, False, "syntax_no_at", None, ["a"])


def blank(number: int) -> UploadEmail:
    return UploadEmail("an-id", number, number, 0, None, None, None, False, RejectReason.NO_ADDRESS, None, ["", "x"])


def rows(number: int) -> Iterator[UploadEmail]:
    return map(valid, range(1, number + 1))


def sizes(cut: Iterator[Batch]) -> list[int]:
    return [len(list(batch)) for batch in cut]


def test_a_batch_ends_with_its_last_row() -> None:
    assert sizes(batches(rows(7), 1, BatchLimits(rows=3), standing_still)) == [3, 3, 1]


def test_a_data_row_is_never_parted() -> None:
    assert sizes(batches(rows(9), 3, BatchLimits(rows=1), standing_still)) == [3, 3, 3]
    assert sizes(batches(rows(8), 2, BatchLimits(seconds=0), ticking())) == [2, 2, 2, 2]
    batch = next(batches(rows(8), 2, BatchLimits(rows=3), standing_still))
    assert (len(list(batch)), batch.rows, batch.emails) == (4, 2, 4)


def test_no_batch_is_empty() -> None:
    assert sizes(batches(rows(6), 1, BatchLimits(rows=3), standing_still)) == [3, 3]
    assert sizes(batches([], 1, BatchLimits(), standing_still)) == []


def test_a_batch_ends_when_its_time_is_up() -> None:
    assert sizes(batches(rows(5), 1, BatchLimits(seconds=2), ticking())) == [2, 2, 1]


def test_a_batch_ends_when_enough_rejected_rows_wait() -> None:
    cut = batches(map(blank, range(1, 6)), 1, BatchLimits(rejected=2), standing_still)
    assert sizes(cut) == [2, 2, 1]


def test_a_batch_counts_what_went_through_it() -> None:
    entries = [valid(1), invalid(2), blank(3), valid(4)._replace(duplicate_of=1)]
    batch = next(batches(entries, 1, BatchLimits(), standing_still))
    assert batch.rows == 0
    assert [row.sequence_number for row in batch] == [1, 2, 3, 4]
    assert (batch.rows, batch.emails, batch.valid, batch.duplicates) == (4, 3, 2, 1)
    assert [(row.sequence_number, row.reason, row.raw_text) for row in batch.rejected] == [(3, "no_address", ",x")]


def test_every_row_is_in_one_batch_in_order() -> None:
    cut = batches(rows(100), 1, BatchLimits(rows=7), standing_still)
    assert [row.sequence_number for batch in cut for row in batch] == list(range(1, 101))


def test_nothing_is_read_before_it_is_asked_for() -> None:
    source = rows(10)
    batch = next(batches(source, 1, BatchLimits(rows=3), standing_still))
    assert next(source).sequence_number == 2
    assert [row.sequence_number for row in batch] == [1, 3, 4]

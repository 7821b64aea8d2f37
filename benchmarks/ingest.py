r"""How fast lists are taken in, beside psql's `\copy` of the very rows they become.

ingest: lists of five columns, 68 MB for each million rows: one row in twenty has an address that stands above already,
    one in a hundred none or a wrong one. They lie in a storage folder and go through the deployed dispatcher and a
    worker process of ingest: detection, reading, every column kept, duplicates marked, counts, checkpoints. psql then
    loads what is in the table for them into the same table, with the same index and settings, from a file in COPY's own
    format. Both find the table empty. `ingest_vs_copy` is copy's time in terms of ingest's: 1 is as fast, 0.5 takes
    twice as long. `ingest_vs_copy_processor` is the same in processor time, of all processes together: it says what is
    left when the cores are busy. Both are measured in turn with a list of 1,000,000 rows, and the figures are medians.
    `ingest_sizes` has lists of a hundredth and of five times the rows too. `ingest_seconds_of_any_list` is what
    the first thousand rows of any list take, which are looked at closely: the job, finding out how to read the file,
    three commits. `ingest_cost_spread` is by how much a row of the dearest list costs more than one of the cheapest,
    those apart. `ingest_memory_mb` is the peak of a fresh worker process that takes in the longest list.
workbooks: an .xlsx of half the rows, read by the process in which ingest opens workbooks, its rows handed over, and by
    python-calamine alone, which does nothing with them. `workbook_vs_calamine` is calamine's time in terms of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import workbooks
from benchmarks.command import Part, Size, main
from benchmarks.crew import crew, peak_memory
from benchmarks.figures import Figure, Findings, say
from benchmarks.lists import write_csv
from benchmarks.loading import Load, Ramp
from benchmarks.site import Ground
from mailsift.shared.storage import Storage, StoredObject

_SMALL = 100
_LARGE = 5
_FEWEST_ROWS = 1_000
_SMALL_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Comparison:
    """Lists of one length, taken in and copied in turn."""

    rows: int
    ingests: Sequence[Load]
    copies: Sequence[Load]
    table_bytes: int

    @property
    def seconds(self) -> float:
        """What it takes to take one in."""
        return median(load.seconds for load in self.ingests)

    @property
    def vs_copy(self) -> float:
        """1 is as fast as psql, 0.5 takes twice as long."""
        return median(load.seconds for load in self.copies) / self.seconds

    @property
    def vs_copy_processor(self) -> float:
        """The same in processor time."""
        used = [median(load.processor_seconds for load in loads) for loads in (self.copies, self.ingests)]
        return used[0] / used[1]

    def microseconds_per_row(self, seconds_of_any_list: float = 0.0) -> float:
        """What a row takes; or, beside what any list takes, a row after the first thousand."""
        return 1e6 * (self.seconds - seconds_of_any_list) / (self.rows - (_FEWEST_ROWS if seconds_of_any_list else 0))

    @property
    def processor(self) -> Mapping[str, float]:
        """Seconds for each million rows, by part of the system."""
        parts = sorted(set().union(*(load.processor for load in self.ingests)))
        used = {part: median(load.processor.get(part, 0.0) for load in self.ingests) for part in parts}
        return {part: round(seconds * 1e6 / self.rows, 3) for part, seconds in used.items() if seconds >= 0.01}

    def record(self) -> Mapping[str, object]:
        """Give it the shape of the file."""
        return {
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "vs_copy": round(self.vs_copy, 3),
            "vs_copy_processor": round(self.vs_copy_processor, 3),
            "microseconds_per_row": round(self.microseconds_per_row(), 2),
            "rounds": [
                [round(i.seconds, 3), round(c.seconds, 3)] for i, c in zip(self.ingests, self.copies, strict=True)
            ],
        }


def run(ground: Ground, size: Size) -> Findings:
    """Measure lists of three lengths."""
    with ground.site() as site, crew(site) as hands:
        storage = Storage((site.folder / "files").as_uri())
        ramp = Ramp(hands)
        ramp.ingest(write_csv(storage, "warm-up", 1_000))
        least = _compare(ramp, storage, _FEWEST_ROWS, _SMALL_ROUNDS)
        small = _compare(ramp, storage, max(1, size.rows // _SMALL), _SMALL_ROUNDS)
        whole = _compare(ramp, storage, size.rows, size.rounds)
    with ground.site() as site, crew(site) as hands:
        storage = Storage((site.folder / "files").as_uri())
        ramp = Ramp(hands)
        large = _compare(ramp, storage, size.rows * _LARGE, 1)
        memory = peak_memory(ramp.worker.pid)
    return _findings([small, whole, large], least.seconds, memory)


def _compare(ramp: Ramp, storage: Storage, rows: int, rounds: int) -> Comparison:
    stored: StoredObject = write_csv(storage, f"list-{rows}", rows)
    ingests, copies, table_bytes = [], [], 0
    for _ in range(rounds):
        upload_id, load = ramp.ingest(stored)
        table_bytes = ramp.bytes_of_table()
        ingests.append(load)
        copies.append(ramp.copy(upload_id))
    found = Comparison(rows, ingests, copies, table_bytes)
    ratios = f"{found.vs_copy:.2f} of psql's speed, {found.vs_copy_processor:.2f} in processor time"
    say(f"  {rows:,} rows: {found.seconds:.2f} s, {ratios}")
    storage.delete(stored.key)
    return found


def _findings(sizes: Sequence[Comparison], seconds_of_any_list: float, memory: float) -> Findings:
    _, whole, large = sizes
    costs = [found.microseconds_per_row(seconds_of_any_list) for found in sizes]
    spread = max(costs) / min(costs) - 1
    megabytes = whole.table_bytes / whole.rows
    return Findings(
        [
            *(Figure(f"taking in {found.rows:,} rows", found.seconds, "s") for found in sizes),
            Figure(f"speed with {whole.rows:,} rows, of psql's \\copy", whole.vs_copy, "", at_least=0.5),
            Figure(f"the same in processor time, with {whole.rows:,} rows", whole.vs_copy_processor),
            Figure("taking in a list of a thousand rows", 1000 * seconds_of_any_list, "ms"),
            Figure("a row of the dearest list costs more than one of the cheapest by", spread, "", at_most=0.2),
            Figure(f"peak memory of the worker with {large.rows:,} rows", memory, "MB", at_most=150),
            Figure("table and index, each million rows", megabytes, "MB"),
            *(Figure(f"processor, each million rows: {part}", s, "s") for part, s in whole.processor.items()),
        ],
        {
            "ingest_rows": whole.rows,
            "ingest_vs_copy": round(whole.vs_copy, 3),
            "ingest_vs_copy_processor": round(whole.vs_copy_processor, 3),
            "ingest_sizes": [found.record() for found in sizes],
            "ingest_seconds_of_any_list": round(seconds_of_any_list, 3),
            "ingest_cost_spread": round(spread, 3),
            "ingest_memory_mb": memory,
            "ingest_table_mb_per_million_rows": round(megabytes, 1),
            "ingest_processor_seconds_per_million_rows": whole.processor,
        },
    )


PARTS: Mapping[str, Part] = {
    "ingest": run,
    "workbooks": lambda _, size: workbooks.run(size.rows // 2, size.rounds),
}

if __name__ == "__main__":
    main(__doc__ or "", PARTS)

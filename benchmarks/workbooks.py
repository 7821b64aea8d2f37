"""How fast a workbook is read in a process of its own, beside calamine alone."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import xlsxwriter

from benchmarks.crew import peak_memory
from benchmarks.figures import Figure, Findings, say
from mailsift.ingest.workbooks.limits import WorkbookLimits
from mailsift.ingest.workbooks.workbooks import Workbooks

_ALONE = """
import sys, time
from collections import deque
from python_calamine import CalamineWorkbook
began = time.perf_counter(), time.process_time()
deque(CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows(), maxlen=0)
print(time.perf_counter() - began[0], time.process_time() - began[1])
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What it took to read a workbook once."""

    seconds: float
    processor_seconds: float
    """Of all processes together."""
    memory_mb: float = 0.0
    """The peak of the process that has the workbook open, where that is one of its own."""


@dataclass(frozen=True, slots=True)
class WorkbookComparison:
    """One workbook, read in both ways in turn."""

    rows: int
    ours: list[Reading]
    alone: list[Reading]
    memory_mb: float
    """The peak of the process that reads for us."""

    @property
    def vs_alone(self) -> float:
        """1 is as fast as calamine, 0.5 takes twice as long."""
        return median(reading.seconds for reading in self.alone) / self.seconds

    @property
    def vs_alone_processor(self) -> float:
        """The same in processor time."""
        alone, ours = (median(reading.processor_seconds for reading in of) for of in (self.alone, self.ours))
        return alone / ours

    @property
    def seconds(self) -> float:
        """What it takes us."""
        return median(reading.seconds for reading in self.ours)


def run(rows: int, rounds: int) -> Findings:
    """Measure a workbook of so many rows."""
    with tempfile.TemporaryDirectory(prefix="mailsift-benchmark-") as folder:
        found = compare_workbook(Path(folder), rows, rounds)
    say(f"  {rows:,} rows: {found.seconds:.2f} s, {found.vs_alone:.2f} of calamine's speed")
    return Findings(
        [
            Figure(f"reading a workbook of {rows:,} rows", found.seconds, "s"),
            Figure("its speed, of calamine's alone", found.vs_alone),
            Figure("the same in processor time", found.vs_alone_processor),
            Figure("peak memory of the process that reads it", found.memory_mb, "MB"),
        ],
        {
            "workbook_rows": rows,
            "workbook_seconds": round(found.seconds, 3),
            "workbook_vs_calamine": round(found.vs_alone, 3),
            "workbook_vs_calamine_processor": round(found.vs_alone_processor, 3),
            "workbook_memory_mb": found.memory_mb,
        },
    )


def compare_workbook(folder: Path, rows: int, rounds: int) -> WorkbookComparison:
    """Write an .xlsx of so many rows and five columns, and read it in both ways as often as is asked for."""
    path = folder / "list.xlsx"
    write_workbook(path, rows)
    ours, alone = [], []
    for _ in range(rounds):
        ours.append(_read(path, rows + 1))
        alone.append(_read_alone(path))
    path.unlink()
    return WorkbookComparison(rows, ours, alone, max(reading.memory_mb for reading in ours))


def write_workbook(path: Path, rows: int) -> None:
    """As programs write lists: an address, three short texts, a number."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("List")
        sheet.write_row(0, 0, ["email", "first name", "last name", "city", "amount"])
        for number in range(1, rows + 1):
            sheet.write_string(number, 0, f"user{number}@example{number % 1000}.com")
            sheet.write_string(number, 1, f"First{number % 5000}")
            sheet.write_string(number, 2, f"Last{number % 20_000}")
            sheet.write_string(number, 3, f"City {number % 300}")
            sheet.write_number(number, 4, number / 7)


def _read(path: Path, rows: int) -> Reading:
    began, used = time.perf_counter(), _processor()
    with path.open("rb") as stream, Workbooks(WorkbookLimits()).open(stream, lambda: None) as workbook:
        last = deque(workbook.rows("List"), maxlen=1)
        memory = peak_memory(os.getpid())
    assert last[0].row_number == rows
    return Reading(time.perf_counter() - began, _processor() - used, memory)


def _read_alone(path: Path) -> Reading:
    program = [sys.executable, "-c", _ALONE, str(path)]
    answer = subprocess.run(program, check=True, capture_output=True, text=True)
    return Reading(*map(float, answer.stdout.split()))


def _processor() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )

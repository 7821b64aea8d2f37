r"""How fast answers are written into files, beside what each format stands on alone.

exports: a list of five columns with an answer to each address. It goes through the deployed dispatcher and a worker
    process of the exporter into a folder. psql's `\copy` writes the records of the same SELECT into a file, in one go
    and planned as PostgreSQL likes: `export_csv_vs_copy` is copy's time in terms of the exporter's, 1 is as fast, 0.5
    takes twice as long; both are measured in turn and the figures are medians. `export_csv_vs_copy_processor` is the
    same in processor time, of all processes together. Half the rows go into a workbook, and the same cells through
    xlsxwriter alone, which gets them without a database: `export_xlsx_vs_xlsxwriter`. `export_memory_mb` is the peak of
    the worker that wrote them. All rows go into Parquet, too, and through pyarrow alone, which gets them like that:
    `export_parquet_vs_pyarrow`; `export_parquet_memory_mb` is the peak of a worker that wrote nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.analysed import Analysed
from benchmarks.command import Part, Size, main
from benchmarks.crew import crew
from benchmarks.figures import Figure, Findings, say
from benchmarks.loading import Load
from benchmarks.site import Ground
from benchmarks.writing import Desk, parquet_alone, workbook_alone
from mailsift.shared.verdicts import FileType


@dataclass(frozen=True, slots=True)
class Comparison:
    """One list in one format, written in both ways in turn."""

    rows: int
    ours: Sequence[Load]
    alone: Sequence[Load]

    @property
    def seconds(self) -> float:
        """What it takes us."""
        return median(load.seconds for load in self.ours)

    @property
    def ratio(self) -> float:
        """1 is as fast as the other, 0.5 takes twice as long."""
        return median(load.seconds for load in self.alone) / self.seconds

    @property
    def ratio_processor(self) -> float:
        """The same in processor time."""
        alone, ours = (median(load.processor_seconds for load in loads) for loads in (self.alone, self.ours))
        return alone / ours


def run(ground: Ground, size: Size) -> Findings:
    """Measure a CSV, a workbook of half the rows, and Parquet."""
    with ground.site() as site, crew(site) as hands:
        desk = Desk(hands)
        desk.export(desk.analysed(1_000), FileType.CSV)
        analysed = desk.analysed(size.rows)
        csv = _compare_csv(desk, analysed, size.rounds)
        csv_memory = desk.peak_memory()
        xlsx = _compare_xlsx(desk, size.rows // 2)
        memory = desk.peak_memory()
        desk.relieve()
        parquet = _compare_parquet(desk, analysed)
        parquet_memory = desk.peak_memory()
    return Findings(
        [
            Figure(f"writing a CSV of {csv.rows:,} rows", csv.seconds, "s"),
            Figure("its speed, of psql's \\copy of the same SELECT", csv.ratio, at_least=0.6),
            Figure("the same in processor time", csv.ratio_processor),
            Figure("peak memory of the worker after it", csv_memory, "MB", at_most=150),
            Figure(f"writing a workbook of {xlsx.rows:,} rows", xlsx.seconds, "s"),
            Figure("its speed, of xlsxwriter's alone", xlsx.ratio, at_least=0.7),
            Figure("the same in processor time", xlsx.ratio_processor),
            Figure("peak memory of the worker after both", memory, "MB", at_most=150),
            Figure(f"writing Parquet of {parquet.rows:,} rows", parquet.seconds, "s"),
            Figure("its speed, of pyarrow's alone", parquet.ratio),
            Figure("peak memory of a worker that writes Parquet", parquet_memory, "MB", at_most=300),
        ],
        {
            "export_rows": csv.rows,
            "export_csv_seconds": round(csv.seconds, 3),
            "export_csv_vs_copy": round(csv.ratio, 3),
            "export_csv_vs_copy_processor": round(csv.ratio_processor, 3),
            "export_xlsx_rows": xlsx.rows,
            "export_xlsx_seconds": round(xlsx.seconds, 3),
            "export_xlsx_vs_xlsxwriter": round(xlsx.ratio, 3),
            "export_xlsx_vs_xlsxwriter_processor": round(xlsx.ratio_processor, 3),
            "export_memory_mb": memory,
            "export_parquet_seconds": round(parquet.seconds, 3),
            "export_parquet_vs_pyarrow": round(parquet.ratio, 3),
            "export_parquet_memory_mb": parquet_memory,
        },
    )


def _compare_csv(desk: Desk, analysed: Analysed, rounds: int) -> Comparison:
    ours, copies = [], []
    for _ in range(rounds):
        ours.append(desk.export(analysed, FileType.CSV))
        copies.append(desk.copy(analysed))
    return _said("CSV", Comparison(analysed.rows, ours, copies))


def _compare_xlsx(desk: Desk, rows: int) -> Comparison:
    analysed = desk.analysed(rows)
    ours = desk.export(analysed, FileType.XLSX)
    alone = desk.write_alone(analysed, FileType.XLSX, workbook_alone)
    return _said("XLSX", Comparison(rows, [ours], [alone]))


def _compare_parquet(desk: Desk, analysed: Analysed) -> Comparison:
    ours = desk.export(analysed, FileType.PARQUET)
    alone = desk.write_alone(analysed, FileType.PARQUET, parquet_alone)
    return _said("Parquet", Comparison(analysed.rows, [ours], [alone]))


def _said(name: str, found: Comparison) -> Comparison:
    ratios = f"{found.ratio:.2f} of the speed, {found.ratio_processor:.2f} in processor time"
    say(f"  {name}, {found.rows:,} rows: {found.seconds:.2f} s, {ratios}")
    return found


PARTS: Mapping[str, Part] = {"exports": run}

if __name__ == "__main__":
    main(__doc__ or "", PARTS)

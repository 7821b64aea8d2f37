"""One analysed list on its way into a file: through the exporter as it is deployed, and by what it stands on alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final, cast

import pyarrow as pa
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class with a small name
from pyarrow import parquet
from sqlalchemy import Connection, text
from xlsxwriter import Workbook

from benchmarks.analysed import Analysed, make_analysed
from benchmarks.cpu import processor_seconds
from benchmarks.crew import Crew, peak_memory
from benchmarks.lists import HEADER
from benchmarks.loading import Load, Psql, since
from factories import Tenant, enqueue, make_export, make_tenant
from mailsift.exporter import rendering
from mailsift.exporter.extent import Span
from mailsift.exporter.layout import lay_out
from mailsift.exporter.rendering import Shape
from mailsift.exporter.repository import orders
from mailsift.exporter.repository import rows as reading
from mailsift.exporter.writers import writer_for
from mailsift.exporter.writers.parquet import schema_of
from mailsift.exporter.writers.writer import CopiedRows
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.verdicts import FileType
from mailsift.shared.writing import AS_USUAL

Rows = Iterator[Sequence[Sequence[object]]]
"""Batches of them, each the cells of a row and its answers."""

_SECONDS_AT_MOST: Final = 3600
_ROWS_AT_ONCE: Final = 20_000

_JOB: Final = text("""
    SELECT status, attempt, "errorCode", extract(epoch FROM "startedAt")::float AS started
    FROM "jobQueue" WHERE "jobId" = :job_id""")


class Desk:
    """Where lists are exported: a site with a worker of the exporter."""

    def __init__(self, hands: Crew) -> None:
        self._hands = hands
        self._site = hands.site
        with self._site.connection() as connection:
            self._tenant: Tenant = make_tenant(connection)
        hands.dispatcher()
        self._worker = hands.service("exporter")

    def analysed(self, rows: int) -> Analysed:
        """Lay out a list, written to the disk and counted as it is after an analysis."""
        with self._site.connection() as connection:
            made = make_analysed(connection, self._tenant, rows)
        with self._site.connection() as connection:
            connection.execute(text('ANALYZE "uploadEmails", "advancedEmailResults"'))
        self._site.postgresql.execute("CHECKPOINT")
        return made

    def export(self, analysed: Analysed, file_type: FileType) -> Load:
        """Export a list as a job, from its claim until others see that it is completed."""
        used = processor_seconds()
        with self._site.connection() as connection:
            export_id = make_export(connection, self._tenant, analysed.analysis_id, file_type.value)
            job_id = enqueue(connection, self._tenant, JobType.EXPORT, Subject(export_id=export_id))
        with self._site.connection("mailsift_worker") as connection:

            def is_over() -> bool:
                return connection.execute(_JOB, {"job_id": job_id}).one().status not in {"pending", "processing"}

            self._hands.wait(is_over, "the file", _SECONDS_AT_MOST)
            job = connection.execute(_JOB, {"job_id": job_id}).one()
        assert (job.status, job.attempt) == ("completed", 1), job
        return Load(time.time() - job.started, since(used))

    def relieve(self) -> None:
        """Have a fresh worker take over."""
        self._hands.stop(self._worker)
        self._worker = self._hands.service("exporter")

    def peak_memory(self) -> float:
        """Return the megabytes that the worker held at most."""
        return peak_memory(self._worker.pid)

    def copy(self, analysed: Analysed) -> Load:
        r"""Write the very records of a CSV with psql's `\copy`, all at once, planned as PostgreSQL likes."""
        path = self._site.folder / "rows.csv"
        with self._selected(analysed, FileType.CSV) as (_, statement):
            command = rf"\copy ({' '.join(statement.split())}) TO '{path}' (FORMAT csv)"
        with Psql(self._site) as psql:
            used, began = processor_seconds(), time.monotonic()
            psql.run(command)
            load = Load(time.monotonic() - began, since(used))
        path.unlink()
        return load

    def write_alone(self, analysed: Analysed, file_type: FileType, write: Callable[[Path, Rows], Load]) -> Load:
        """Have the rows of a file written by other means; to fetch them is not counted."""
        path = self._site.folder / f"alone.{file_type.value}"
        with self._selected(analysed, file_type) as (connection, statement):
            load = write(path, _batches(connection, statement))
        path.unlink()
        return load

    @contextmanager
    def _selected(self, analysed: Analysed, file_type: FileType) -> Iterator[tuple[Connection, str]]:
        """Ask the exporter what it selects for a file, and bind what it binds."""
        with self._site.connection() as connection:
            export_id = make_export(connection, self._tenant, analysed.analysis_id, file_type.value)
            order = orders.load_order(connection, export_id)
            shape = Shape(rendering.column_names(order.column_names, 0), order.email_columns)
            with writer_for(file_type, shape, AS_USUAL).begin(BytesIO()) as rows:
                statement, numbers = reading._statement(order, rows.select, Span(1, analysed.rows, ()))  # noqa: SLF001
                held = rows.parameters if isinstance(rows, CopiedRows) else {}
            cursor = cast("Cursor", connection.connection.cursor())
            parameters = {**reading._parameters(order), **numbers, **held}  # noqa: SLF001
            yield connection, cursor.mogrify(statement, parameters).decode()


def workbook_alone(path: Path, rows: Rows) -> Load:
    """Write rows with xlsxwriter, each cell by the call for its type."""
    watch = _Watch()
    with watch:
        book = Workbook(path, {"constant_memory": True})
        sheet = book.add_worksheet()
    number = 0
    for batch in rows:
        with watch:
            for number, (cells, *answers) in enumerate(batch, start=number + 1):  # noqa: B020
                for column, value in enumerate((*cast("list[str]", cells), *answers)):
                    if isinstance(value, str):
                        sheet.write_string(number, column, value)
                    elif isinstance(value, bool):
                        sheet.write_boolean(number, column, value)
                    elif value is not None:
                        sheet.write_number(number, column, value)
    with watch:
        book.close()
    return watch.load


def parquet_alone(path: Path, rows: Rows) -> Load:
    """Write rows with pyarrow, which gets a column of a batch at a time."""
    shape = Shape(HEADER, (HEADER.index("email"),))
    schema = schema_of(lay_out(shape))
    watch = _Watch()
    with watch:
        file = parquet.ParquetWriter(path, schema)
    for batch in rows:
        columns = list(zip(*([*cast("list[str]", cells), *answers] for cells, *answers in batch), strict=True))
        with watch:
            arrays = [pa.array(column, each.type) for column, each in zip(columns, schema, strict=True)]
            file.write_table(pa.Table.from_arrays(arrays, schema=schema))
    with watch:
        file.close()
    return watch.load


class _Watch:
    """Counts the time inside of its blocks."""

    def __init__(self) -> None:
        self._seconds = self._used = 0.0
        self._began = (0.0, 0.0)

    def __enter__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self._seconds += time.perf_counter() - self._began[0]
        self._used += time.process_time() - self._began[1]

    @property
    def load(self) -> Load:
        return Load(self._seconds, {"alone": self._used})


def _batches(connection: Connection, statement: str) -> Rows:
    with cast("Cursor", connection.connection.cursor("alone")) as cursor:
        cursor.execute(statement)
        while batch := cursor.fetchmany(_ROWS_AT_ONCE):
            yield batch

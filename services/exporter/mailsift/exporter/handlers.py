"""Makes one file: reads what is asked for, streams it into the storage, writes down where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailsift.exporter import rendering, repository
from mailsift.exporter.extent import Extent
from mailsift.exporter.rendering import Shape
from mailsift.exporter.repository import Order, WrittenFile
from mailsift.exporter.writers import writer_for
from mailsift.exporter.writers.writer import Writer
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.observability.metrics import ROWS
from mailsift.shared.storage import Storage
from mailsift.shared.verdicts import AnalysisStatus

SLICE: Final = 50_000
"""Entries between two looks at the lease; also how progress moves."""


@dataclass(frozen=True, slots=True)
class ExporterDeps:
    """What the handlers work with."""

    storage: Storage
    export_days: int
    max_bytes: int = 64 * 1024**3
    """A list of short rows with one very wide row grows a thousandfold as CSV: the file must end somewhere."""


def export(deps: ExporterDeps, lease: Lease) -> None:
    """Write the file of an export.

    A second try writes the same rows to the same key, whole or not at all, so it needs no checkpoint.
    """
    order, extent = _gather(lease)
    lease.report(0, total=extent.wanted, step="writing")
    shape = Shape(rendering.column_names(order.column_names, extent.width), order.email_columns)
    writer = writer_for(order.file_type, shape, order.writing)
    written = _write(deps, lease, order, extent, writer)
    counts = {"rows": written.rows, "suppressedRows": written.suppressed_rows}
    lease.log("info", "wrote the file", **counts)
    with lease.transaction() as transaction:
        repository.finish(transaction.connection, order, written, deps.export_days)
        transaction.complete({**counts, "fileSize": written.stored.size, "sha256": written.stored.sha256})
    ROWS.labels("exported").inc(written.rows)


def _gather(lease: Lease) -> tuple[Order, Extent]:
    with lease.reading() as connection:
        order = repository.load_order(connection, lease.job.subject.export())
        if order.analysis_status is not AnalysisStatus.COMPLETED and not order.selection.partial:
            raise PermanentError("analysis_not_ready", f"the analysis is {order.analysis_status}, not completed")
        extent = repository.measure(connection, order)
    if extent.rows < order.total_rows:
        raise PermanentError("rows_expired", "the rows of this list are no longer kept; upload it again")
    return order, extent


def _write(deps: ExporterDeps, lease: Lease, order: Order, extent: Extent, writer: Writer) -> WrittenFile:
    key = rendering.object_key(order.workspace_id, order.export_id, order.file_name)
    written = 0
    with deps.storage.writer(key) as stream:
        with writer.begin(stream) as rows:
            for part in extent.parts(SLICE):
                lease.check()
                with lease.reading() as connection:
                    written += repository.write_rows(connection, order, rows, part)
                if stream.stored.size + rows.held() > deps.max_bytes:
                    raise PermanentError("export_too_large", f"the file would have more than {deps.max_bytes} bytes")
                lease.report(written)
        # Nothing is published for one who has lost the job in the meantime.
        lease.check()
    return WrittenFile(stream.stored, writer.content_type, written, len(extent.left_out))

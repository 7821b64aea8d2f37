"""Makes one file: reads what is asked for, streams it into the storage, writes down where it lies."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Final

from mailsift.exporter import rendering
from mailsift.exporter.delivering import Courier
from mailsift.exporter.extent import Extent
from mailsift.exporter.rendering import Shape
from mailsift.exporter.repository import orders, rows
from mailsift.exporter.repository.orders import Order, WrittenFile
from mailsift.exporter.repository.overview import load_overview
from mailsift.exporter.writers import report, writer_for
from mailsift.exporter.writers.packing import GZIP_TYPE, packed
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.observability.metrics import ROWS
from mailsift.shared.storage import Storage
from mailsift.shared.verdicts import AnalysisStatus, Compression, FileType

_EXPORTED = ROWS.labels("exported")

SLICE: Final = 50_000
"""Entries between two looks at the lease; also how progress moves."""


@dataclass(frozen=True, slots=True)
class ExporterDeps:
    """What the handlers work with."""

    storage: Storage
    export_days: int
    max_bytes: int = 64 * 1024**3
    """A list of short rows with one very wide row grows a thousandfold as CSV: the file must end somewhere."""
    courier: Courier = field(default_factory=Courier)


def export(deps: ExporterDeps, lease: Lease) -> None:
    """Write the file of an export.

    A second try writes the same rows to the same key, whole or not at all, so it needs no checkpoint.
    """
    order, extent = _gather(lease)
    lease.report(0, total=extent.wanted, step="writing")
    write = _write_report if order.file_type is FileType.HTML else _write_rows
    written = write(deps, lease, order, extent)
    counts = {"rows": written.rows, "suppressedRows": written.suppressed_rows}
    lease.log("info", "wrote the file", **counts)
    with lease.transaction() as transaction:
        orders.finish(transaction.connection, order, written, deps.export_days)
        transaction.complete({**counts, "fileSize": written.stored.size, "sha256": written.stored.sha256})
    _EXPORTED.inc(written.rows)


def _gather(lease: Lease) -> tuple[Order, Extent]:
    with lease.reading() as connection:
        order = orders.load_order(connection, lease.job.subject.export())
        if order.analysis_status is not AnalysisStatus.COMPLETED and not order.selection.partial:
            raise PermanentError("analysis_not_ready", f"the analysis is {order.analysis_status}, not completed")
        extent = rows.measure(connection, order)
    if extent.rows < order.total_rows:
        raise PermanentError("rows_expired", "the rows of this list are no longer kept; upload it again")
    return order, extent


def _write_rows(deps: ExporterDeps, lease: Lease, order: Order, extent: Extent) -> WrittenFile:
    shape = Shape(rendering.column_names(order.column_names, extent.width), order.email_columns)
    writer = writer_for(order.file_type, shape, order.writing)
    written = 0
    with deps.storage.writer(_key(order)) as stream:
        with writer.begin(stream) as begun:
            for part in extent.parts(SLICE):
                lease.check()
                with lease.reading() as connection:
                    written += rows.write_rows(connection, order, begun, part)
                if stream.stored.size + begun.held() > deps.max_bytes:
                    raise PermanentError("export_too_large", f"the file would have more than {deps.max_bytes} bytes")
                lease.report(written)
        # Nothing is published for one who has lost the job in the meantime.
        lease.check()
    return WrittenFile(stream.stored, writer.content_type, written, len(extent.left_out))


def _write_report(deps: ExporterDeps, lease: Lease, order: Order, extent: Extent) -> WrittenFile:
    with lease.reading() as connection:
        overview = load_overview(connection, order.workspace_id, order.analysis_id)
    is_packed = order.writing.compression is Compression.GZIP
    with deps.storage.writer(_key(order)) as stream:
        with packed(stream) if is_packed else nullcontext(stream) as plain:
            plain.write(report.page(overview))
        lease.check()
    lease.report(extent.wanted)
    return WrittenFile(
        stream.stored, GZIP_TYPE if is_packed else report.CONTENT_TYPE, extent.wanted, len(extent.left_out)
    )


def _key(order: Order) -> str:
    return rendering.object_key(order.workspace_id, order.export_id)

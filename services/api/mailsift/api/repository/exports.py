"""Exports: files with the answers."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, case, func, select, update

from mailsift.api.repository.pages import newest_first
from mailsift.api.repository.subjects import latest_job
from mailsift.api.schemas import exports as schemas
from mailsift.api.schemas.base import Listing
from mailsift.shared.db.tables import Export, Job
from mailsift.shared.jobs.repository.requesting import NewExport
from mailsift.shared.selection import Selection
from mailsift.shared.verdicts import ExportStatus, FileType
from mailsift.shared.writing import WritingOptions


@dataclass(frozen=True, slots=True)
class ExportFile:
    """Where a written file lies, and how to hand it out."""

    export_id: uuid.UUID
    storage_key: str
    file_name: str
    file_size: int
    content_type: str
    sha256: str


# The dispatcher marks expired files now and then; the clock is what counts.
_STATUS = case(
    ((Export.status == "completed") & (Export.expires_at <= func.clock_timestamp()), "expired"), else_=Export.status
).label("status")


def find(connection: Connection, export_id: uuid.UUID) -> schemas.Export | None:
    """Read one export."""
    row = connection.execute(_rows().where(Export.export_id == export_id)).mappings().first()
    return None if row is None else _shown(row)


def page(connection: Connection, listing: Listing) -> schemas.ExportPage:
    """Read a page of exports."""
    rows, following = newest_first(connection, _rows(), listing, Export.created_at, Export.export_id)
    return schemas.ExportPage(items=[_shown(row) for row in rows], next=following)


def status_of(connection: Connection, export_id: uuid.UUID) -> ExportStatus | None:
    """Read where an export stands."""
    status = connection.scalar(select(_STATUS).where(Export.export_id == export_id))
    return None if status is None else ExportStatus(status)


def load_file(connection: Connection, export_id: uuid.UUID) -> ExportFile:
    """Read where the file of a completed export lies."""
    row = connection.execute(select(Export.__table__).where(Export.export_id == export_id)).mappings().one()
    return ExportFile(
        export_id, row["file_path"], row["file_name"], row["file_size"], row["content_type"], row["sha256"]
    )


def find_order(connection: Connection, export_id: uuid.UUID) -> NewExport | None:
    """Read what was asked for."""
    row = connection.execute(select(Export.__table__).where(Export.export_id == export_id)).mappings().first()
    if row is None:
        return None
    return NewExport(
        row["analysis_id"],
        row["file_name"],
        FileType(row["file_type"]),
        Selection.from_json(row["options"]),
        WritingOptions.from_json(row["writing"]),
    )


def count_download(connection: Connection, export_id: uuid.UUID) -> None:
    """Count that a file was taken."""
    counted = update(Export).where(Export.export_id == export_id).values(download_count=Export.download_count + 1)
    connection.execute(counted)


def _rows() -> Select[Any]:
    columns = [column for column in Export.__table__.columns if column.key != "status"]
    return select(*columns, _STATUS, latest_job(Job.export_id, Export.export_id))


def _shown(row: RowMapping) -> schemas.Export:
    url = f"/api/exports/{row['export_id']}/download" if row["status"] == ExportStatus.COMPLETED else None
    writing = asdict(WritingOptions.from_json(row["writing"]))
    return schemas.Export.model_validate({**row, **writing, "download_url": url})

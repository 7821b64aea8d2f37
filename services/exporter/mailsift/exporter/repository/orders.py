"""What is to be exported, and what came of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.tables import Analysis, Export, Upload
from mailsift.shared.selection import Selection
from mailsift.shared.storage import StoredObject
from mailsift.shared.verdicts import AnalysisStatus, FileType
from mailsift.shared.writing import WritingOptions


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for."""

    export_id: uuid.UUID
    workspace_id: uuid.UUID
    user_id: uuid.UUID
    analysis_id: uuid.UUID
    upload_id: uuid.UUID | None
    """None for the analysis of one address, which has no list."""
    file_name: str
    file_type: FileType
    selection: Selection
    writing: WritingOptions
    analysis_status: AnalysisStatus
    column_names: tuple[str, ...]
    email_columns: tuple[int, ...]
    total_rows: int


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """The outcome."""

    stored: StoredObject
    content_type: str
    rows: int
    suppressed_rows: int


def load_order(connection: Connection, export_id: uuid.UUID) -> Order:
    """Read what is to be exported."""
    statement = (
        select(
            Export.export_id,
            Export.workspace_id,
            Export.user_id,
            Export.analysis_id,
            Analysis.upload_id,
            Export.file_name,
            Export.file_type,
            Export.options,
            Export.writing,
            Analysis.status.label("analysis_status"),
            Upload.column_names,
            Upload.email_columns,
            Upload.total_rows,
        )
        .join(Analysis, Analysis.analysis_id == Export.analysis_id)
        .join(Upload, Upload.upload_id == Analysis.upload_id, isouter=True)
        .where(Export.export_id == export_id)
    )
    row = connection.execute(statement).one()
    listed = row.upload_id is not None
    return Order(
        export_id=row.export_id,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        analysis_id=row.analysis_id,
        upload_id=row.upload_id,
        file_name=row.file_name,
        file_type=FileType(row.file_type),
        selection=Selection.from_json(row.options),
        writing=WritingOptions.from_json(row.writing),
        analysis_status=AnalysisStatus(row.analysis_status),
        column_names=tuple(row.column_names or ()) if listed else ("email",),
        email_columns=tuple(row.email_columns or (0,)),
        total_rows=row.total_rows if listed else 1,
    )


def finish(connection: Connection, order: Order, written: WrittenFile, days: int) -> None:
    """Note where the file lies and until when it can be had, and tell the history."""
    connection.execute(
        update(Export)
        .where(Export.export_id == order.export_id)
        .values(
            file_path=written.stored.key,
            file_size=written.stored.size,
            sha256=written.stored.sha256,
            content_type=written.content_type,
            row_count=written.rows,
            suppressed_rows=written.suppressed_rows,
            partial=order.analysis_status is not AnalysisStatus.COMPLETED,
            expires_at=func.clock_timestamp() + func.make_interval(0, 0, 0, days),
        )
    )
    details = {"rows": written.rows, "fileSize": written.stored.size, "fileType": order.file_type.value}
    record(connection, order, Activity.EXPORT_COMPLETED, order.export_id, details)

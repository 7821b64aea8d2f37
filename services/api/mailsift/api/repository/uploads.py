"""Uploads and their rejected rows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, func, insert, null, select, update

from mailsift.api.principal import Principal
from mailsift.api.repository.pages import by_number, newest_first
from mailsift.api.repository.subjects import latest_job
from mailsift.api.schemas import uploads as schemas
from mailsift.api.schemas.base import Listing, Numbered
from mailsift.shared.db.tables import Job, Upload, UploadRejectedRow, Workspace
from mailsift.shared.jobs.states import RETRYABLE, JobStatus
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.storage import StoredObject
from mailsift.shared.verdicts import UploadSource, UploadStatus, UploadType

# What came of looking at a preview; to be read again, perhaps in another way.
_READ: Final = (
    "format",
    "encoding",
    "delimiter",
    "has_header",
    "column_names",
    "email_column",
    "email_columns",
    "detection",
    "preview",
    "error_code",
    "error_message",
    "started_at",
    "completed_at",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a list came from, or is to be fetched from: a URL or the key of an object."""

    source: UploadSource
    place: str | None = None


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A list that was received and stored, or that is to be fetched."""

    upload_id: uuid.UUID
    file_name: str
    upload_type: UploadType
    origin: Origin
    storage_key: str
    # None until it has been fetched.
    stored: StoredObject | None
    status: UploadStatus
    reading: ReadingOptions


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an upload stands, the job that reads it, if it is known still, and whether its rows are kept."""

    file_name: str
    status: UploadStatus
    job_id: uuid.UUID | None
    rows_kept: bool


@dataclass(frozen=True, slots=True)
class Previewed:
    """An upload that may be a preview, and the job that looked at it, if it is known still."""

    upload_id: uuid.UUID
    file_name: str
    status: UploadStatus
    reading: ReadingOptions
    job_id: uuid.UUID | None
    job_status: JobStatus | None


def plan(connection: Connection, workspace_id: uuid.UUID) -> str:
    """Read the plan of the workspace."""
    found: str = connection.execute(select(Workspace.plan).where(Workspace.workspace_id == workspace_id)).scalar_one()
    return found


def add(connection: Connection, principal: Principal, upload: NewUpload) -> None:
    """Write the row of a stored list."""
    connection.execute(
        insert(Upload),
        {
            "upload_id": upload.upload_id,
            "workspace_id": principal.workspace_id,
            "user_id": principal.user_id,
            "file_name": upload.file_name,
            "upload_type": upload.upload_type.value,
            "source": upload.origin.source.value,
            "source_url": upload.origin.place,
            "file_size": upload.stored and upload.stored.size,
            "sha256": upload.stored and upload.stored.sha256,
            "storage_key": upload.storage_key,
            "status": upload.status.value,
            "reading": upload.reading.to_json(),
        },
    )


def find(connection: Connection, upload_id: uuid.UUID) -> schemas.UploadDetail | None:
    """Read one upload."""
    query = _rows(schemas.UploadDetail).where(Upload.upload_id == upload_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else schemas.UploadDetail.model_validate(_shown(row))


def standing(connection: Connection, upload_id: uuid.UUID) -> Standing | None:
    """Read where an upload stands, and the job that reads it."""
    job, rows_kept = latest_job(Job.upload_id, Upload.upload_id), Upload.rows_expired_at.is_(None)
    query = select(Upload.file_name, Upload.status, job, rows_kept).where(Upload.upload_id == upload_id)
    row = connection.execute(query).first()
    return None if row is None else Standing(row[0], UploadStatus(row[1]), row[2], row[3])


def hold_preview(connection: Connection, upload_id: uuid.UUID) -> Previewed | None:
    """Read an upload that is to be started.

    Before the transaction ends nobody else starts it, clears it away, or tries the job again that looked at it.
    """
    job_id, job_status = _hold_job(connection, upload_id)
    held = select(Upload.file_name, Upload.status, Upload.reading).where(Upload.upload_id == upload_id)
    row = connection.execute(held.with_for_update()).first()
    if row is None:
        return None
    return Previewed(upload_id, row[0], UploadStatus(row[1]), ReadingOptions.from_json(row[2]), job_id, job_status)


def _hold_job(connection: Connection, upload_id: uuid.UUID) -> tuple[uuid.UUID | None, JobStatus | None]:
    """Read the job of an upload, and hold it if it ended badly: before the upload, as a retry takes them.

    One that is at work is not held: its worker has the upload first.
    """
    job_id = connection.scalar(select(latest_job(Job.upload_id, Upload.upload_id)).where(Upload.upload_id == upload_id))
    query = select(Job.status).where(Job.job_id == job_id)
    status = connection.scalar(query)
    if status in RETRYABLE:
        held = query.where(Job.status.in_([ended.value for ended in RETRYABLE])).with_for_update(key_share=True)
        # Not found: it was tried again just now.
        status = connection.scalar(held) or JobStatus.PENDING
    return job_id, None if status is None else JobStatus(status)


def start(connection: Connection, upload_id: uuid.UUID, reading: ReadingOptions) -> None:
    """Make an upload of a preview: nothing of it is known yet but what was said."""
    unread = dict.fromkeys(_READ, null())
    values = {"status": UploadStatus.PENDING.value, "reading": reading.to_json(), "updated_at": func.clock_timestamp()}
    connection.execute(update(Upload).where(Upload.upload_id == upload_id).values(**unread, **values))


def page(connection: Connection, listing: Listing) -> schemas.UploadPage:
    """Read a page of uploads."""
    rows, following = newest_first(connection, _rows(schemas.Upload), listing, Upload.created_at, Upload.upload_id)
    return schemas.UploadPage(items=[schemas.Upload.model_validate(_shown(row)) for row in rows], next=following)


def rejected(connection: Connection, upload_id: uuid.UUID, listing: Numbered) -> schemas.RejectedRowPage:
    """Read a page of an upload's rejected rows."""
    query = select(UploadRejectedRow.__table__).where(UploadRejectedRow.upload_id == upload_id)
    rows, following = by_number(connection, query, listing, UploadRejectedRow.sequence_number)
    shown = [schemas.RejectedRow.model_validate(dict(row)) for row in rows]
    return schemas.RejectedRowPage(items=shown, next=following)


def rejected_after(connection: Connection, upload_id: uuid.UUID, after: int, most: int) -> list[schemas.RejectedRow]:
    """Read the next of an upload's rejected rows."""
    query = select(UploadRejectedRow.__table__).where(
        UploadRejectedRow.upload_id == upload_id, UploadRejectedRow.sequence_number > after
    )
    rows = connection.execute(query.order_by(UploadRejectedRow.sequence_number).limit(most)).mappings()
    return [schemas.RejectedRow.model_validate(dict(row)) for row in rows]


def _rows(shown: type[schemas.Upload]) -> Select[Any]:
    # Names of columns and the preview may weigh a megabyte: a page does not read them.
    columns = [column for column in Upload.__table__.columns if column.key in shown.model_fields]
    return select(*columns, latest_job(Job.upload_id, Upload.upload_id))


def _shown(row: RowMapping) -> dict[str, Any]:
    """Count columns as people do, and as they say which they mean."""
    columns = row["email_columns"]
    return {**row, "emailColumns": None if columns is None else [column + 1 for column in columns]}

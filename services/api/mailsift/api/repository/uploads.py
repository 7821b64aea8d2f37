"""Uploads and their rejected rows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from mailsift.api.principal import Principal
from mailsift.api.repository.pages import by_number, newest_first
from mailsift.api.repository.subjects import latest_job
from mailsift.api.schemas import uploads as schemas
from mailsift.api.schemas.base import Listing, Numbered
from mailsift.shared.db.tables import Job, Upload, UploadRejectedRow
from mailsift.shared.storage import StoredObject
from mailsift.shared.verdicts import UploadStatus, UploadType


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A list that was received and stored."""

    upload_id: uuid.UUID
    file_name: str
    upload_type: UploadType
    stored: StoredObject


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an upload stands, the job that reads it, if it is known still, and whether its rows are kept."""

    status: UploadStatus
    job_id: uuid.UUID | None
    rows_kept: bool


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
            "file_size": upload.stored.size,
            "sha256": upload.stored.sha256,
            "storage_key": upload.stored.key,
        },
    )


def find(connection: Connection, upload_id: uuid.UUID) -> schemas.UploadDetail | None:
    """Read one upload."""
    query = _rows(schemas.UploadDetail).where(Upload.upload_id == upload_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else schemas.UploadDetail.model_validate(dict(row))


def standing(connection: Connection, upload_id: uuid.UUID) -> Standing | None:
    """Read where an upload stands, and the job that reads it."""
    columns = (Upload.status, latest_job(Job.upload_id, Upload.upload_id), Upload.rows_expired_at.is_(None))
    row = connection.execute(select(*columns).where(Upload.upload_id == upload_id)).first()
    return None if row is None else Standing(UploadStatus(row[0]), row[1], row[2])


def page(connection: Connection, listing: Listing) -> schemas.UploadPage:
    """Read a page of uploads."""
    rows, following = newest_first(connection, _rows(schemas.Upload), listing, Upload.created_at, Upload.upload_id)
    return schemas.UploadPage(items=[schemas.Upload.model_validate(dict(row)) for row in rows], next=following)


def rejected(connection: Connection, upload_id: uuid.UUID, listing: Numbered) -> schemas.RejectedRowPage:
    """Read a page of an upload's rejected rows."""
    query = select(UploadRejectedRow.__table__).where(UploadRejectedRow.upload_id == upload_id)
    rows, following = by_number(connection, query, listing, UploadRejectedRow.sequence_number)
    shown = [schemas.RejectedRow.model_validate(dict(row)) for row in rows]
    return schemas.RejectedRowPage(items=shown, next=following)


def _rows(shown: type[schemas.Upload]) -> Select[Any]:
    # Names of columns and the preview may weigh a megabyte: a page does not read them.
    columns = [column for column in Upload.__table__.columns if column.key in shown.model_fields]
    return select(*columns, latest_job(Job.upload_id, Upload.upload_id))

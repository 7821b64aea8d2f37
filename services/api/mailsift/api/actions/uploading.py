"""Takes a list in: the bytes to the storage, then its row and its job."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from uuid_utils.compat import uuid7

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import enqueue, status_url, stream_url
from mailsift.api.deps import Deps
from mailsift.api.intake.body import limited
from mailsift.api.problems import RETRY_SOON, Problem
from mailsift.api.repository import uploads
from mailsift.api.repository.uploads import NewUpload
from mailsift.api.schemas.uploads import UploadAccepted
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.verdicts import UploadType


@dataclass(frozen=True, slots=True)
class Incoming:
    """A list on its way in; its chunks can be read once."""

    file_name: str
    upload_type: UploadType
    chunks: Iterable[bytes]


@contextmanager
def upload_place(deps: Deps) -> Iterator[None]:
    """Hold one of the places for uploads. Raises Problem when all are taken."""
    if not deps.upload_places.acquire(blocking=False):
        raise Problem("too_many_uploads", "send it again in a few seconds", headers=RETRY_SOON)
    try:
        yield
    finally:
        deps.upload_places.release()


def upload(deps: Deps, asked: Asked, incoming: Incoming) -> tuple[UploadAccepted, bool]:
    """Store a list and queue its reading; an object without a row is removed. Raises Problem."""
    upload_id = uuid7()
    key = f"uploads/{asked.principal.workspace_id}/{upload_id}"
    stored = deps.storage.write(key, limited(incoming.chunks, deps.settings.max_upload_bytes))
    new = NewUpload(upload_id, incoming.file_name, incoming.upload_type, stored)
    if not stored.size:
        deps.storage.delete(key)
        raise Problem("empty_file", "there is not one byte in it")
    try:
        with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
            request = fingerprint("uploads", stored.sha256, new.file_name)
            answer, replayed = once(connection, asked, request, UploadAccepted, lambda: _add(connection, asked, new))
    except Exception:
        _discard_unless_recorded(deps, asked, new)
        raise
    if replayed:
        deps.storage.delete(key)
    return answer, replayed


def _add(connection: Connection, asked: Asked, new: NewUpload) -> UploadAccepted:
    uploads.add(connection, asked.principal, new)
    subject = Subject(upload_id=new.upload_id)
    job_id = enqueue(connection, asked, JobType.FILE_PROCESSING, subject, {"fileName": new.file_name})
    details = {"fileName": new.file_name, "fileSize": new.stored.size}
    record(connection, asked.principal, Activity.FILE_UPLOAD, new.upload_id, details)
    return UploadAccepted(
        upload_id=new.upload_id, job_id=job_id, status_url=status_url(job_id), stream_url=stream_url(job_id)
    )


def _discard_unless_recorded(deps: Deps, asked: Asked, new: NewUpload) -> None:
    # A connection that breaks during the commit leaves open whether the row is there. When that cannot be asked either,
    # the object stays: one without a row is swept a day later, a row without its object is a lost list.
    try:
        recorded = _is_recorded(deps, asked, new.upload_id)
    except SQLAlchemyError:
        return
    if not recorded:
        deps.storage.delete(new.stored.key)


def _is_recorded(deps: Deps, asked: Asked, upload_id: uuid.UUID) -> bool:
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return uploads.status_of(connection, upload_id) is not None

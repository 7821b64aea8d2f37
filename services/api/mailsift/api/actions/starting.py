"""Makes an upload of a preview, with corrections to how it is read."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Connection

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import turn
from mailsift.api.actions.quota import spend
from mailsift.api.actions.reading import ToRead, queue_reading
from mailsift.api.actions.weighing import settle
from mailsift.api.deps import Deps
from mailsift.api.problems import RETRY_SOON, Problem
from mailsift.api.repository import uploads
from mailsift.api.repository.uploads import Previewed
from mailsift.api.schemas.uploads import StartRequest, UploadAccepted
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.repository.requesting import mark_deleted
from mailsift.shared.jobs.states import ENDED, RETRYABLE
from mailsift.shared.verdicts import UploadStatus


def start(
    deps: Deps, asked: Asked, upload_id: uuid.UUID, request: StartRequest, now: dt.datetime
) -> tuple[UploadAccepted, bool]:
    """Start a preview: queue its reading, and what is to follow. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:

        def begin() -> UploadAccepted:
            preview = _startable(connection, upload_id)
            at, policy = turn(request, now), settle(connection, deps, asked.principal, request.scoring)
            reading = ToRead(preview.upload_id, preview.file_name, at, now.date(), policy)
            return _start(connection, asked, preview, request, reading)

        return once(
            connection,
            asked,
            fingerprint("start", str(upload_id), request.model_dump_json(by_alias=True, exclude_unset=True)),
            UploadAccepted,
            begin,
        )


def _startable(connection: Connection, upload_id: uuid.UUID) -> Previewed:
    """Find and hold a preview that can be started. Raises Problem."""
    found = uploads.hold_preview(connection, upload_id)
    if found is None:
        raise Problem("not_found", "there is no such upload; a preview that nobody starts goes after a while")
    if found.status is not UploadStatus.PREVIEW:
        raise Problem("not_a_preview", f"the upload is {found.status.value}; there is nothing to start")
    if found.job_status is not None and found.job_status not in ENDED:
        raise Problem(
            "preview_not_ready",
            "its beginning is still being read; ask again when that job has ended",
            headers=RETRY_SOON,
        )
    return found


def _start(
    connection: Connection, asked: Asked, preview: Previewed, request: StartRequest, reading: ToRead
) -> UploadAccepted:
    spend(connection, asked.principal.workspace_id, request.jobs)
    if preview.job_id is not None and preview.job_status in RETRYABLE:
        # Tried again later, it would move an upload that is a preview no more.
        mark_deleted(connection, preview.job_id)
    uploads.start(connection, preview.upload_id, request.corrected(preview.reading))
    record(connection, asked.principal, Activity.UPLOAD_STARTED, preview.upload_id)
    return queue_reading(connection, asked, reading, request)

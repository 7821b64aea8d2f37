"""Asks for a file with the answers, and hands it out."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import PurePosixPath
from typing import BinaryIO

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import enqueue, status_url, stream_url
from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import analyses, exports
from mailsift.api.repository.analyses import Analysed
from mailsift.api.repository.exports import ExportFile, NewExport
from mailsift.api.schemas.exports import ExportAccepted, ExportRequest
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.verdicts import AnalysisStatus, ExportStatus, FileType


def export(deps: Deps, asked: Asked, request: ExportRequest, today: dt.date) -> tuple[ExportAccepted, bool]:
    """Write an export and queue its job. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("exports", request.model_dump_json(by_alias=True)),
            ExportAccepted,
            lambda: _start(connection, asked, request, today),
        )


def file_name(analysed: Analysed, file_type: FileType, today: dt.date) -> str:
    """Name an export after the list it came from, or after the analysis and the day."""
    if analysed.upload_name:
        return f"{PurePosixPath(analysed.upload_name).stem[:200]}-analysed.{file_type.value}"
    return f"{analysed.analysis_type.value}_analysis_results_{today:%Y%m%d}.{file_type.value}"


def _start(connection: Connection, asked: Asked, request: ExportRequest, today: dt.date) -> ExportAccepted:
    analysed = analyses.find_analysed(connection, request.analysis_id)
    if analysed is None:
        raise Problem("not_found", "there is no such analysis")
    if analysed.status is not AnalysisStatus.COMPLETED:
        raise Problem(
            "analysis_not_ready", f"the analysis is {analysed.status.value}; an export needs one that is completed"
        )
    new = NewExport(uuid7(), request.analysis_id, file_name(analysed, request.file_type, today), request.file_type)
    exports.add(connection, asked.principal, new)
    subject = Subject(export_id=new.export_id)
    job_id = enqueue(connection, asked, JobType.EXPORT, subject, {"fileType": new.file_type.value})
    record(connection, asked.principal, Activity.EXPORT_REQUESTED, new.export_id)
    return ExportAccepted(
        export_id=new.export_id,
        job_id=job_id,
        file_name=new.file_name,
        status_url=status_url(job_id),
        stream_url=stream_url(job_id),
        download_url=f"/api/exports/{new.export_id}/download",
    )


def find_download(deps: Deps, principal: Principal, export_id: uuid.UUID) -> ExportFile:
    """Find a file that may be taken. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        status = exports.status_of(connection, export_id)
        if status is None:
            raise Problem("not_found", "there is no such export")
        if status is ExportStatus.EXPIRED:
            raise _expired()
        if status is not ExportStatus.COMPLETED:
            raise Problem("export_not_ready", f"the export is {status.value}")
        return exports.load_file(connection, export_id)


def open_download(deps: Deps, principal: Principal, file: ExportFile) -> BinaryIO:
    """Open a file and count that it was taken. Raises Problem."""
    try:
        stream = deps.storage.open(file.storage_key)
    except PermanentError as error:
        raise _expired() from error
    try:
        with tenant_transaction(deps.engine, principal.workspace_id) as connection:
            exports.count_download(connection, file.export_id)
            record(connection, principal, Activity.FILE_DOWNLOADED, file.export_id)
    except Exception:
        stream.close()
        raise
    return stream


def _expired() -> Problem:
    return Problem("export_expired", "the file is no longer kept; ask for a new export of the analysis")

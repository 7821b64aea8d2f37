"""Asks for a file with the answers, and hands it out."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import BinaryIO

from sqlalchemy import Connection

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import chaining, requester, status_url, stream_url, turn
from mailsift.api.actions.quota import spend
from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem, invalid
from mailsift.api.repository import analyses, exports
from mailsift.api.repository.analyses import Analysed
from mailsift.api.repository.exports import ExportFile
from mailsift.api.schemas.base import Timed
from mailsift.api.schemas.exports import ExportAccepted, ExportRequest
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.repository.requesting import NewExport, Opened, Turn, export_name, open_export
from mailsift.shared.verdicts import AnalysisStatus, AnalysisType, ExportStatus

_UNDER_WAY = {AnalysisStatus.PENDING, AnalysisStatus.PROCESSING}


def export(deps: Deps, asked: Asked, request: ExportRequest, now: dt.datetime) -> tuple[ExportAccepted, bool]:
    """Write an export and queue its job. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("exports", request.model_dump_json(by_alias=True, exclude_none=True)),
            ExportAccepted,
            lambda: _start(connection, asked, request, now),
        )


def export_again(deps: Deps, asked: Asked, export_id: uuid.UUID, now: dt.datetime) -> tuple[ExportAccepted, bool]:
    """Write an export anew as it was asked for, whatever became of it. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("exports again", str(export_id)),
            ExportAccepted,
            lambda: _repeat(connection, asked, export_id, now),
        )


def _start(connection: Connection, asked: Asked, request: ExportRequest, now: dt.datetime) -> ExportAccepted:
    analysed = _analysed(connection, request.analysis_id)
    at = turn(request, now, _work_on(analysed, partial=request.partial))
    wanted, writing = request.wanted, request.writing
    suffix = writing.suffix(request.file_type)
    name = export_name(analysed.upload_name, analysed.analysis_type, suffix, now.date(), wanted)
    return _open(connection, asked, NewExport(request.analysis_id, name, request.file_type, wanted, writing), at)


def _repeat(connection: Connection, asked: Asked, export_id: uuid.UUID, now: dt.datetime) -> ExportAccepted:
    wanted = exports.find_order(connection, export_id)
    if wanted is None:
        raise Problem("not_found", "there is no such export")
    analysed = _analysed(connection, wanted.analysis_id)
    at = turn(Timed(), now, _work_on(analysed, partial=wanted.selection.partial))
    return _open(connection, asked, wanted, at)


def _analysed(connection: Connection, analysis_id: uuid.UUID) -> Analysed:
    analysed = analyses.find_analysed(connection, analysis_id)
    if analysed is None:
        raise Problem("not_found", "there is no such analysis")
    if analysed.analysis_type is AnalysisType.DOMAIN:
        raise invalid("analysisId", "the analysis of a domain has no rows to export")
    return analysed


def _open(connection: Connection, asked: Asked, new: NewExport, at: Turn) -> ExportAccepted:
    spend(connection, asked.principal.workspace_id, 1)
    with chaining("analysis_not_ready"):
        return export_answer(open_export(connection, requester(asked), new, at), new.file_name)


def export_answer(opened: Opened, file_name: str) -> ExportAccepted:
    """Say which file was asked for, where to watch it and where to get it."""
    job_id = opened.job_id
    return ExportAccepted(
        export_id=opened.id,
        job_id=job_id,
        file_name=file_name,
        status_url=status_url(job_id),
        stream_url=stream_url(job_id),
        download_url=f"/api/exports/{opened.id}/download",
    )


def _work_on(analysed: Analysed, *, partial: bool) -> uuid.UUID | None:
    """Return the job that is to be waited for; None for none. Raises Problem when nothing will come of it."""
    if not (analysed.results_kept and analysed.list_kept):
        raise Problem("rows_expired", "the rows of this list or of its results are no longer kept; upload it again")
    if partial or analysed.status is AnalysisStatus.COMPLETED:
        return None
    if analysed.status not in _UNDER_WAY or analysed.job_id is None:
        raise Problem(
            "analysis_not_ready", f"the analysis is {analysed.status.value}; an export needs one that is completed"
        )
    return analysed.job_id


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


def open_download(deps: Deps, principal: Principal, file: ExportFile, *, begins: bool) -> BinaryIO:
    """Open a file, and count that it is taken where that `begins`. Raises Problem."""
    try:
        stream = deps.storage.open(file.storage_key)
    except PermanentError as error:
        raise _expired() from error
    if not begins:
        return stream
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

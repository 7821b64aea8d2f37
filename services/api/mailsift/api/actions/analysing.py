"""Starts an analysis of a list or of one address."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import enqueue, status_url, stream_url
from mailsift.api.deps import Deps
from mailsift.api.problems import Problem
from mailsift.api.repository import analyses, jobs, results, uploads
from mailsift.api.schemas.analyses import AdvancedRequest, AnalysisAccepted, SingleRequest
from mailsift.api.schemas.jobs import Job
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.states import subject_status
from mailsift.shared.verdicts import AnalysisStatus, UploadStatus


def analyse(deps: Deps, asked: Asked, request: AdvancedRequest | SingleRequest) -> tuple[AnalysisAccepted, bool]:
    """Write an analysis and queue its job. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("analyses", request.model_dump_json(by_alias=True)),
            AnalysisAccepted,
            lambda: _start(connection, asked, request),
        )


def _start(connection: Connection, asked: Asked, request: AdvancedRequest | SingleRequest) -> AnalysisAccepted:
    analysis_id = uuid7()
    if isinstance(request, AdvancedRequest):
        _require_completed(connection, request.upload_id)
        analyses.add_advanced(connection, asked.principal, analysis_id, request.upload_id)
        job_type = JobType.ADVANCED_ANALYSIS
        details: Mapping[str, Any] = {"analysisType": request.analysis_type, "uploadId": str(request.upload_id)}
    else:
        analyses.add_single(connection, asked.principal, analysis_id, request.email_address)
        job_type = JobType.SINGLE_ANALYSIS
        details = {"analysisType": request.analysis_type}
    payload = {"analysisType": request.analysis_type.value}
    job_id = enqueue(connection, asked, job_type, Subject(analysis_id=analysis_id), payload)
    record(connection, asked.principal, Activity.ANALYSIS_REQUESTED, analysis_id, details)
    return AnalysisAccepted(
        analysis_id=analysis_id,
        job_id=job_id,
        status=AnalysisStatus.PENDING,
        status_url=status_url(job_id),
        stream_url=stream_url(job_id),
    )


def _require_completed(connection: Connection, upload_id: uuid.UUID) -> None:
    status = uploads.status_of(connection, upload_id)
    if status is None:
        raise Problem("not_found", "there is no such upload")
    if status is not UploadStatus.COMPLETED:
        raise Problem("upload_not_ready", f"the upload is {status.value}; an analysis needs one that is completed")


def wait_for_result(deps: Deps, asked: Asked, accepted: AnalysisAccepted) -> AnalysisAccepted:
    """Wait a little for a quick analysis; returns what is known then. Without a free place nobody waits."""
    workspace_id = asked.principal.workspace_id
    if not deps.watcher.take_place(workspace_id):
        return accepted
    try:
        job = _wait_for_end(deps, asked, accepted.job_id)
    finally:
        deps.watcher.free_place(workspace_id)
    if job is None or not job.ended:
        return accepted
    with tenant_transaction(deps.engine, workspace_id) as connection:
        result = results.only(connection, accepted.analysis_id)
    ended = {
        "status": AnalysisStatus(subject_status(job.status)),
        "error_code": job.error_code,
        "error_message": job.error_message,
        "result": result,
    }
    return accepted.model_copy(update=ended)


def _wait_for_end(deps: Deps, asked: Asked, job_id: uuid.UUID) -> Job | None:
    deadline = time.monotonic() + deps.settings.wait_seconds
    with deps.watcher.watch(job_id) as watch:
        while True:
            with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
                job = jobs.find(connection, job_id)
            left = deadline - time.monotonic()
            if job is None or job.ended or left <= 0 or watch.closed:
                return job
            watch.wait(min(left, deps.settings.stream_poll_seconds))

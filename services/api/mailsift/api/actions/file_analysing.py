"""Follows the three jobs by which a file is analysed in one request."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import PurePosixPath
from typing import Final, Literal
from urllib.parse import quote

from sqlalchemy import Connection

from mailsift.api.problems import Problem
from mailsift.api.repository import analyses, exports, jobs
from mailsift.api.schemas.analyses import Analysis
from mailsift.api.schemas.exports import Export
from mailsift.api.schemas.file_analyses import (
    FileAnalysisCompleted,
    FileAnalysisFailed,
    FileAnalysisFault,
    FileAnalysisProcessing,
    FileSummary,
)
from mailsift.api.schemas.jobs import Job, RequestedAs
from mailsift.shared.jobs.states import JobStatus

Standing = FileAnalysisProcessing | FileAnalysisCompleted | FileAnalysisFailed

SHOWN_FOR: Final = dt.timedelta(hours=24)
# Of the whole, in per cent: reading the list, analysing it, writing the workbook.
_SHARES: Final = (20, 60, 20)
_NAME: Final = re.compile(r".+-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[a-z]+")


def look_up(connection: Connection, job_id: uuid.UUID, now: dt.datetime) -> Standing:
    """Say how the analysis of a file stands. Raises Problem."""
    job = jobs.find(connection, job_id)
    if job is None or job.requested_as is not RequestedAs.ANALYZE_FILE:
        raise Problem("not_found", "there is no such analysis of a file")
    if now - job.created_at >= SHOWN_FOR:
        raise Problem("job_expired", "the analysis and its workbook may still be found below /api/exports")
    if job.status is JobStatus.COMPLETED:
        return _completed(connection, job)
    chain = _chain(connection, job)
    if job.ended:
        return FileAnalysisFailed(job_id=job_id, error=_fault(_first_bad(chain) or job))
    return FileAnalysisProcessing(job_id=job_id, progress=_progress(chain))


def find_workbook(connection: Connection, file_name: str) -> uuid.UUID:
    """Find the export whose workbook has this name. Raises Problem."""
    named = _NAME.fullmatch(file_name)
    export = exports.find(connection, uuid.UUID(named[1])) if named else None
    if export is None or file_name != workbook_name(export):
        raise Problem("not_found", "there is no such file")
    return export.export_id


def workbook_name(export: Export) -> str:
    """Name a workbook so that the name alone leads to it: with the id of its export."""
    path = PurePosixPath(export.file_name)
    return f"{path.stem}-{export.export_id}{path.suffix}"


def _chain(connection: Connection, job: Job) -> list[Job | None]:
    """Read the jobs that a job stands on, the first first; of one that is no longer known, None."""
    analysis = jobs.find(connection, job.after_job_id) if job.after_job_id else None
    reading = jobs.find(connection, analysis.after_job_id) if analysis and analysis.after_job_id else None
    return [reading, analysis, job]


def _progress(chain: list[Job | None]) -> int:
    # Nobody waits for one that is gone: it had completed.
    return sum(share * (100 if job is None else job.progress) for share, job in zip(_SHARES, chain, strict=True)) // 100


def _first_bad(chain: list[Job | None]) -> Job | None:
    ended = (job for job in chain if job is not None and job.ended)
    return next((job for job in ended if job.status is not JobStatus.COMPLETED), None)


def _fault(job: Job) -> FileAnalysisFault:
    if job.status is JobStatus.CANCELLED and job.error_code is None:
        late = job.deadline_at and job.completed_at and job.completed_at >= job.deadline_at
        if late:
            return FileAnalysisFault(message="Analysis timeout", details="timeout")
        return FileAnalysisFault(message="Analysis cancelled", details="cancelled")
    return FileAnalysisFault(message=job.error_message or "Analysis failed", details=job.error_code or "failed")


def _completed(connection: Connection, job: Job) -> FileAnalysisCompleted:
    export = exports.find(connection, job.export_id) if job.export_id else None
    analysis = analyses.find(connection, job.analysis_id) if job.analysis_id else None
    if export is None or analysis is None:
        raise Problem("not_found", "there is no such analysis of a file")
    name = workbook_name(export)
    return FileAnalysisCompleted(
        job_id=job.job_id,
        download_url=f"/api/v1/analysis/download/{quote(name)}",
        excel_file=name,
        data_source=_source(analysis),
        summary=FileSummary.model_validate({**dict(analysis), "exported_rows": export.row_count}),
    )


def _source(analysis: Analysis) -> Literal["live", "cache", "mixed"]:
    if not analysis.cached_domains:
        return "live"
    return "cache" if analysis.cached_domains >= analysis.total_domains else "mixed"

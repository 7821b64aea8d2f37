"""Starts an analysis of a list, of one address or of one domain."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Connection

from mailsift.api.actions.auditing import start_audit
from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import chaining, requester, status_url, stream_url, turn
from mailsift.api.actions.quota import spend
from mailsift.api.actions.waiting import wait_for_end
from mailsift.api.actions.weighing import settle
from mailsift.api.deps import Deps
from mailsift.api.problems import Problem
from mailsift.api.repository import analyses, audits, results, uploads
from mailsift.api.schemas.analyses import (
    AnalysisAccepted,
    AnalysisOpened,
    ListRequest,
    SingleRequest,
)
from mailsift.api.schemas.audits import DomainRequest
from mailsift.api.schemas.scoring import PolicyShown
from mailsift.api.wording.languages import Language
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.db.suppressions import suppressed_among
from mailsift.shared.jobs.repository.requesting import NewAnalysis, Opened, open_analysis, open_single_analysis
from mailsift.shared.jobs.states import subject_status
from mailsift.shared.suppressions import ADDRESS_SUPPRESSED, address_key
from mailsift.shared.verdicts import AnalysisStatus, UploadStatus

_UNDER_WAY = {UploadStatus.PENDING, UploadStatus.PROCESSING}


def analyse(
    deps: Deps, asked: Asked, request: ListRequest | SingleRequest | DomainRequest, now: dt.datetime
) -> tuple[AnalysisAccepted, bool]:
    """Write an analysis and queue its job. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("analyses", request.model_dump_json(by_alias=True, exclude_none=True)),
            AnalysisAccepted,
            lambda: _start(connection, deps, asked, request, now),
        )


def _start(
    connection: Connection,
    deps: Deps,
    asked: Asked,
    request: ListRequest | SingleRequest | DomainRequest,
    now: dt.datetime,
) -> AnalysisAccepted:
    who, workspace_id = requester(asked), asked.principal.workspace_id
    policy = settle(connection, deps, asked.principal, request.scoring)
    if isinstance(request, SingleRequest):
        at = turn(request, now)
        if suppressed_among(connection, workspace_id, [address_key(request.email_address)]):
            raise Problem("address_suppressed", ADDRESS_SUPPRESSED)
        spend(connection, workspace_id, 1)
        opened = open_single_analysis(connection, who, request.email_address, at, policy)
    elif isinstance(request, DomainRequest):
        opened = start_audit(connection, asked, request.name, turn(request, now), policy)
    else:
        at = turn(request, now, _reading_of(connection, request.upload_id))
        spend(connection, workspace_id, 1)
        with chaining("upload_not_ready"):
            new = NewAnalysis(request.upload_id, request.analysis_type)
            opened = open_analysis(connection, who, new, at, policy)
    return AnalysisAccepted(
        status=AnalysisStatus.PENDING, scoring=PolicyShown.of(policy), **dict(analysis_answer(opened))
    )


def analysis_answer(opened: Opened) -> AnalysisOpened:
    """Say which analysis was asked for, and where to watch it."""
    job_id = opened.job_id
    return AnalysisOpened(
        analysis_id=opened.id, job_id=job_id, status_url=status_url(job_id), stream_url=stream_url(job_id)
    )


def _reading_of(connection: Connection, upload_id: uuid.UUID) -> uuid.UUID | None:
    """Return the job that still reads an upload; None when it has. Raises Problem when nothing will come of it."""
    upload = uploads.standing(connection, upload_id)
    if upload is None:
        raise Problem("not_found", "there is no such upload")
    if not upload.rows_kept:
        raise Problem("rows_expired", "the rows of this list are no longer kept; upload it again")
    if upload.status is UploadStatus.COMPLETED:
        return None
    if upload.status not in _UNDER_WAY or upload.job_id is None:
        raise Problem("upload_not_ready", f"the upload is {upload.status.value}; an analysis needs one that is read")
    return upload.job_id


def wait_for_result(deps: Deps, asked: Asked, accepted: AnalysisAccepted, language: Language) -> AnalysisAccepted:
    """Wait a little for a quick analysis; returns what is known then."""
    job = wait_for_end(deps, asked, accepted.job_id)
    if job is None:
        return accepted
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        result = results.only(connection, accepted.analysis_id)
        evidence = analyses.find_evidence(connection, accepted.analysis_id)
        analysis = analyses.find(connection, accepted.analysis_id)
        audit = audits.find(connection, accepted.analysis_id, language)
    ended = {
        "status": AnalysisStatus(subject_status(job.status)),
        "error_code": job.error_code,
        "error_message": job.error_message,
        "cached_emails": 0 if analysis is None else analysis.cached_emails,
        "result": result,
        "evidence": evidence,
        "audit": audit,
    }
    return accepted.model_copy(update=ended)

"""Has one domain analysed, and says how far that is."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection

from mailsift.api.actions.hosting import take_a_use
from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import requester
from mailsift.api.actions.quota import spend
from mailsift.api.actions.weighing import settle
from mailsift.api.deps import Deps
from mailsift.api.estimation import estimated_seconds
from mailsift.api.problems import Problem
from mailsift.api.repository import audits, jobs
from mailsift.api.schemas.audits import AnalyzeAccepted, AnalyzeRequest, AnalyzeStatus
from mailsift.api.schemas.jobs import Job
from mailsift.api.schemas.watched_jobs import WatchedStatus, watched_status
from mailsift.api.wording.languages import Language
from mailsift.api.wording.steps import STATES, STEPS
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.db.suppressions import suppressed_among
from mailsift.shared.jobs.repository.requesting import AT_ONCE, Opened, Turn, open_domain_analysis
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.suppressions import ADDRESS_SUPPRESSED
from mailsift.shared.verdicts import DomainStep


def analyze(deps: Deps, asked: Asked, request: AnalyzeRequest) -> tuple[AnalyzeAccepted, bool]:
    """Write an analysis of a domain and queue its job. Raises Problem."""

    def start() -> AnalyzeAccepted:
        policy = settle(connection, deps, asked.principal)
        job_id = start_audit(connection, asked, request.name, AT_ONCE, policy).job_id
        seconds = estimated_seconds(request.name, *audits.measured_lately(connection))
        return AnalyzeAccepted(job_id=job_id, estimated_time=seconds, poll_url=f"/api/jobs/status/{job_id}")

    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(connection, asked, fingerprint("analyze", request.name), AnalyzeAccepted, start)


def start_audit(connection: Connection, asked: Asked, domain: str, turn: Turn, policy: ScoringPolicy) -> Opened:
    """Write an analysis of a domain and queue its job. Raises Problem."""
    workspace_id = asked.principal.workspace_id
    if suppressed_among(connection, workspace_id, [f"@{domain}"]):
        raise Problem("address_suppressed", ADDRESS_SUPPRESSED)
    take_a_use(connection, asked.principal)
    spend(connection, workspace_id, 1)
    return open_domain_analysis(connection, requester(asked), domain, turn, policy)


def look_after(connection: Connection, job_id: uuid.UUID, language: Language) -> AnalyzeStatus | None:
    """Say how a job stands, with the results once they are there. Raises Problem when they are past their time."""
    job = jobs.find(connection, job_id)
    if job is None:
        return None
    status = watched_status(job.status)
    completed = status is WatchedStatus.COMPLETED and job.analysis_id is not None
    results = audits.find(connection, job.analysis_id, language) if completed and job.analysis_id else None
    if completed and job.analysis_id and results is None and audits.is_past(connection, job.analysis_id):
        raise Problem("rows_expired", "what is found of a domain is shown for 24 hours; analyse it again")
    return AnalyzeStatus(
        status=status,
        progress=job.progress,
        current_step=job.current_step,
        message=_message(job, status, language),
        results=results,
        error=job.error_message,
        error_code=job.error_code,
    )


def _message(job: Job, status: WatchedStatus, language: Language) -> str:
    if status is WatchedStatus.RUNNING and job.current_step in set(DomainStep):
        return STEPS[DomainStep(job.current_step)].say(language)
    return STATES[status.value].say(language)

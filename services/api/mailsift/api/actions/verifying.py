"""Verifies some addresses within one request, or as long after it as they take."""

from __future__ import annotations

from sqlalchemy import Connection

from mailsift.api.actions.analysing import analysis_answer
from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import requester
from mailsift.api.actions.quota import spend
from mailsift.api.actions.waiting import wait_for_end
from mailsift.api.actions.weighing import settle
from mailsift.api.deps import Deps
from mailsift.api.problems import Problem
from mailsift.api.repository import analyses, results
from mailsift.api.schemas.scoring import PolicyShown
from mailsift.api.schemas.verify import Verification, VerifyRequest
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.db.suppressions import suppressed_among
from mailsift.shared.jobs.repository.requesting import open_verification
from mailsift.shared.suppressions import ADDRESS_SUPPRESSED, address_key
from mailsift.shared.verdicts import AnalysisStatus


def verify(deps: Deps, asked: Asked, request: VerifyRequest) -> tuple[Verification, bool]:
    """Write an analysis of the addresses and queue its job. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("verify", request.model_dump_json(by_alias=True, exclude_none=True)),
            Verification,
            lambda: _start(connection, deps, asked, request),
        )


def _start(connection: Connection, deps: Deps, asked: Asked, request: VerifyRequest) -> Verification:
    workspace_id = asked.principal.workspace_id
    suppressed = suppressed_among(connection, workspace_id, map(address_key, request.emails))
    if all(address_key(email) in suppressed for email in request.emails):
        raise Problem("address_suppressed", ADDRESS_SUPPRESSED)
    policy = settle(connection, deps, asked.principal, request.scoring)
    spend(connection, workspace_id, 1)
    opened = open_verification(connection, requester(asked), request.emails, policy)
    return Verification(
        status=AnalysisStatus.PENDING,
        scoring=PolicyShown.of(policy),
        total_emails=len(request.emails),
        processed_emails=0,
        **dict(analysis_answer(opened)),
    )


def wait_for_results(deps: Deps, asked: Asked, accepted: Verification) -> Verification:
    """Wait a little for the answers; returns what is known then."""
    if wait_for_end(deps, asked, accepted.job_id) is None:
        return accepted
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        analysis = analyses.find(connection, accepted.analysis_id)
        answers = results.few(connection, accepted.analysis_id)
    if analysis is None:
        return accepted
    known = {name: getattr(analysis, name) for name in Verification.model_fields if name in type(analysis).model_fields}
    return accepted.model_copy(update={**known, "results": answers})

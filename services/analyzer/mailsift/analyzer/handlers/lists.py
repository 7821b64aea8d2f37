"""Leads the analysis of a list through its phases: plan, domains, scores, summary.

The parent holds no lease while a phase's children work. The last of them puts it back into the queue, in the
transaction of its own end, and the next claim goes on from the phase that the checkpoint names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.metrics import DOMAINS_CACHED
from mailsift.analyzer.repository import analyses
from mailsift.analyzer.repository.analyses import ListToAnalyse
from mailsift.shared.db import outcomes
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Child
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository.claiming import Waiting

_SCORE, _SUMMARISE = "score", "summarise"
_PHASE = "phase"

_TOLD = ("totalEmails", "highQualityLeads", "corporateEmails")

_JOBS_WANTED = 100
_MOST_DOMAINS = 5_000


def analyse_list(deps: AnalyzerDeps, lease: Lease) -> None:
    """Do the next phase of a bulk or an advanced analysis."""
    phase = (lease.job.checkpoint or {}).get(_PHASE)
    if phase == _SUMMARISE:
        _summarise(lease)
        return
    with lease.reading() as connection:
        todo = analyses.load_list(connection, lease.job.subject.analysis())
    if phase != _SCORE and _resolve(deps, lease, todo):
        return
    if not _score(deps, lease, todo):
        _summarise(lease)


def _resolve(deps: AnalyzerDeps, lease: Lease, todo: ListToAnalyse) -> bool:
    """Have the stale domains looked up; False when there are none."""
    lease.report(step="planning")
    with lease.reading() as connection:
        plan = analyses.plan_list(connection, todo, lease.job.workspace_id, deps.resolver)
        if analyses.is_sandbox(connection, lease.job.workspace_id):
            plan = replace(plan, cached_emails=0, stale_domains=())
    stale = plan.stale_domains
    DOMAINS_CACHED.inc(plan.cached_domains)
    lease.log(
        "info",
        "planned the analysis",
        domains=plan.domains,
        cachedDomains=plan.cached_domains,
        emails=plan.emails,
        cachedEmails=plan.cached_emails,
        suppressedEmails=todo.total_emails - plan.emails,
    )
    children = [
        Child(JobType.DOMAIN_RESOLUTION, f"domains-{number}", {"domains": part}, len(part))
        for number, part in enumerate(_parts(stale, _size(len(stale), deps.domains_per_job)))
    ]
    with lease.transaction() as transaction:
        analysis = lease.job.subject.analysis()
        analyses.begin_summary(transaction.connection, analysis, todo.analysis_type, plan)
        if children:
            waiting = Waiting("resolving domains", 2, 50, len(stale), {_PHASE: _SCORE})
            transaction.wait_for(children, waiting)
        else:
            transaction.checkpoint({_PHASE: _SCORE})
    return bool(children)


def _score(deps: AnalyzerDeps, lease: Lease, todo: ListToAnalyse) -> bool:
    """Have the rows scored, slice by slice; False when there are none."""
    children = [
        Child(
            JobType.EMAIL_SCORING,
            f"scores-{first}",
            {"first": first, "last": min(first + deps.rows_per_job - 1, todo.total_entries)},
            min(deps.rows_per_job, todo.total_entries - first + 1),
        )
        for first in range(1, todo.total_entries + 1, deps.rows_per_job)
    ]
    if not children:
        return False
    with lease.transaction() as transaction:
        transaction.wait_for(children, Waiting("scoring", 50, 99, todo.total_entries, {_PHASE: _SUMMARISE}))
    return True


def _summarise(lease: Lease) -> None:
    analysis = lease.job.subject.analysis()
    with lease.transaction() as transaction:
        analysis_type = analyses.load_type(transaction.connection, analysis)
        summary = analyses.summary(transaction.connection, analysis, analysis_type)
        outcomes.tell_of(transaction.connection, lease.job.workspace_id, analysis)
        details = {name: summary[name] for name in _TOLD if name in summary}
        record(transaction.connection, lease.job, Activity.ANALYSIS_COMPLETED, analysis, details)
        transaction.complete(summary)


def _size(domains: int, least: int) -> int:
    # A job costs some milliseconds whatever it holds, so a long list gets larger ones rather than thousands of them.
    return max(least, min(domains // _JOBS_WANTED, _MOST_DOMAINS))


def _parts(domains: Sequence[str], size: int) -> list[list[str]]:
    return [list(domains[first : first + size]) for first in range(0, len(domains), size)]

"""Analyses one domain by itself, step by step: its facts, a verdict, and what might be better."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailsift.analyzer.audit import audit
from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import DNS_UNREACHABLE, look_up, nobody_answered
from mailsift.analyzer.repository import analyses, audits, lookups
from mailsift.analyzer.repository.audits import Audited, StepTaken
from mailsift.analyzer.sandbox import SandboxExaminer
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.suppressions import suppressed_among
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.suppressions import ADDRESS_SUPPRESSED
from mailsift.shared.verdicts import DomainStep

_ALL = 100


@dataclass(slots=True)
class _Steps:
    """Tells the user which step it is, and measures how long each took."""

    lease: Lease
    taken: list[StepTaken] = field(default_factory=list)
    _began: float = 0.0
    _step: DomainStep | None = None

    def begin(self, step: DomainStep) -> None:
        self.lease.check()
        self.end()
        self._step, self._began = step, time.monotonic()
        self.lease.report(step.progress, total=_ALL, step=step.value)

    def end(self) -> None:
        if self._step is not None:
            self.taken.append(StepTaken(self._step, round((time.monotonic() - self._began) * 1000)))
        self._step = None


def analyse_domain(deps: AnalyzerDeps, lease: Lease) -> None:
    """Analyse the domain of a domain analysis."""
    analysis = lease.job.subject.analysis()
    steps = _Steps(lease)
    steps.begin(DomainStep.VALIDATING)
    asked = _allowed(lease)
    steps.begin(DomainStep.LOOKING_UP)
    found = [] if asked.in_sandbox else look_up(deps, lease, [asked.domain], _tell_nothing)
    examiner = _examiner(deps, lease, asked, found)
    steps.begin(DomainStep.ANALYZING)
    examination = examiner.examine_domain(asked.domain)
    steps.begin(DomainStep.GENERATING_RECOMMENDATIONS)
    recommendations = audit(examination)
    steps.end()
    audited = Audited(examination, recommendations, tuple(steps.taken), is_cached=not found and not asked.in_sandbox)
    with lease.transaction() as transaction:
        audits.save(transaction.connection, analysis, audited)
        if nobody_answered(found):
            analyses.add_notice(transaction.connection, analysis, DNS_UNREACHABLE)
        record(transaction.connection, lease.job, Activity.ANALYSIS_COMPLETED, analysis)
        transaction.complete(
            {"domain": asked.domain, "status": examination.verdict.status, "score": examination.verdict.score}
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    domain: str
    policy: ScoringPolicy
    in_sandbox: bool


def _examiner(deps: AnalyzerDeps, lease: Lease, asked: _Asked, found: Sequence[DomainFacts]) -> Examiner:
    if asked.in_sandbox:
        return SandboxExaminer({}, asked.policy)
    facts = found[0] if found else _known(deps, lease, asked.domain)
    return Examiner({asked.domain: facts}, asked.policy, deps.lists.current())


def _allowed(lease: Lease) -> _Asked:
    """Return the domain, and how it is judged. Raises PermanentError when the workspace wants to hear nothing of it."""
    with lease.reading() as connection:
        domain = audits.load_domain(connection, lease.job.subject.analysis())
        if suppressed_among(connection, lease.job.workspace_id, [f"@{domain}"]):
            raise PermanentError("address_suppressed", ADDRESS_SUPPRESSED)
        policy = analyses.load_policy(connection, lease.job.subject.analysis())
        return _Asked(domain, policy, analyses.is_sandbox(connection, lease.job.workspace_id))


def _known(deps: AnalyzerDeps, lease: Lease, domain: str) -> DomainFacts:
    with lease.reading() as connection:
        return lookups.load_facts(connection, [domain], deps.resolver).get(domain) or DomainFacts(domain)


def _tell_nothing(_lease: Lease, _known: int, _total: int) -> None:
    """Leave the step that is shown as it is."""

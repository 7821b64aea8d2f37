"""Looks up the domains of one child job; each domain is asked about once, whoever needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailsift.analyzer.evidence import DomainFacts, Existence
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.repository import analyses, lookups
from mailsift.shared.db.rate_limits import take
from mailsift.shared.errors import Reschedule
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.observability import tracing
from mailsift.shared.observability.metrics import RATE_LIMIT_WAITS

DNS_UNREACHABLE = "dns_unreachable"
"""The notice that rows are unknown because no nameserver answered."""

_CLAIM_SECONDS = 300
_WAIT_SECONDS = 2.0
_SERVICE = "dns"
RATE_LIMIT_WAITS.labels(_SERVICE)
_LONGEST_IN_VAIN = 30.0
_UNANSWERED = frozenset({Existence.UNREACHABLE, Existence.TIMEOUT})
_SILENCES = "silences"
_WAITS_FOR_ANSWERS = (10.0, 20.0, 40.0)


def resolve_domains(deps: AnalyzerDeps, lease: Lease) -> None:
    """Gather and keep the facts of the payload's domains."""
    domains: list[str] = lease.job.payload["domains"]
    if deps.probe.resting:
        # Nobody answers these days: claiming rows only to give them up again would cost minutes on a long list.
        _wait_for_answers(deps, lease)
        _give_up(lease)
        return
    found = look_up(deps, lease, domains)
    if nobody_answered(found):
        _wait_for_answers(deps, lease)
    with lease.transaction() as transaction:
        if nobody_answered(found):
            analyses.add_notice(transaction.connection, lease.job.subject.analysis(), DNS_UNREACHABLE)
        transaction.complete({"domains": len(found)})


Tell = Callable[[Lease, int, int], None]
"""Says of how many domains, of how many, something is known."""


def tell_resolving(lease: Lease, known: int, total: int) -> None:
    """Say so as the progress of a step of its own."""
    lease.report(known, total=total, step="resolving domains")


def look_up(deps: AnalyzerDeps, lease: Lease, domains: Sequence[str], tell: Tell = tell_resolving) -> list[DomainFacts]:
    """Ask about those domains that are stale and keep what was found; returns that.

    Raises Reschedule when the workspace has asked enough for now, before anything is asked, and when another job is
    about to know some of them: no thread waits for either.
    """
    token = lease.job.ref.job_id
    paid = _pay_for(deps, lease, domains)
    with lease.transaction() as transaction:
        claimed = lookups.claim_domains(transaction.connection, paid, token, deps.resolver, _CLAIM_SECONDS)
        # Asked now: should the other job give some of them up, the next try of this one asks about them.
        busy = lookups.left_to_others(transaction.connection, domains, token, deps.resolver)
    found: list[DomainFacts] = []
    known = len(domains) - len(claimed)

    def collect(news: Sequence[DomainFacts]) -> None:
        found.extend(news)
        lease.check()
        tell(lease, known + len(found), len(domains))

    if claimed:
        with tracing.part("look up domains", domains=len(claimed)):
            deps.probe.resolve_all(claimed, collect)
    with lease.transaction() as transaction:
        lookups.release_claims(transaction.connection, claimed, token, deps.resolver)
        lookups.save_facts(transaction.connection, _worth_keeping(found), deps.resolver)
    if busy:
        raise Reschedule(_WAIT_SECONDS, "another job looks up the same domains")
    return found


def _pay_for(deps: AnalyzerDeps, lease: Lease, domains: Sequence[str]) -> Sequence[str]:
    """Return those domains that may be asked about: a token is taken for each that nobody knows or looks up.

    In a transaction of its own, for the fenced one would keep the whole workspace's bucket locked.
    """
    if deps.limit is None:
        return domains
    lease.check()
    with lease.reading() as connection:
        open_ones = lookups.open_domains(connection, domains, lease.job.ref.job_id, deps.resolver)
        wait = take(connection, _SERVICE, lease.job.workspace_id, deps.limit, len(open_ones)) if open_ones else 0
    if wait:
        raise Reschedule(_patience(wait, lease.job.attempt), "the workspace has asked about enough domains for now")
    return open_ones


def _patience(wait: float, attempt: int) -> float:
    # All parts of a list are told the same wait, and the first to come back takes what is there: whoever came in vain
    # stays away longer each time, or hundreds of parts would be claimed every few seconds for nothing.
    return max(wait, min(wait * attempt, _LONGEST_IN_VAIN))


def nobody_answered(found: Sequence[DomainFacts]) -> bool:
    """Whether the nameservers are at fault, rather than a domain."""
    return any(facts.existence is Existence.UNREACHABLE for facts in found) or (
        bool(found) and all(facts.existence in _UNANSWERED for facts in found)
    )


def _worth_keeping(found: Sequence[DomainFacts]) -> list[DomainFacts]:
    # Silence of one domain among answers is a fact of that domain; silence of the nameservers is none.
    if nobody_answered(found):
        return [facts for facts in found if facts.existence not in _UNANSWERED]
    return list(found)


def _wait_for_answers(deps: AnalyzerDeps, lease: Lease) -> None:
    """Come back later, a few times, where somebody has answered before: a nameserver that died may be started again."""
    silences = int((lease.job.checkpoint or {}).get(_SILENCES, 0))
    if deps.probe.was_heard and silences < len(_WAITS_FOR_ANSWERS):
        with lease.transaction() as transaction:
            transaction.checkpoint({_SILENCES: silences + 1})
        raise Reschedule(_WAITS_FOR_ANSWERS[silences], "no nameserver answers")


def _give_up(lease: Lease) -> None:
    with lease.transaction() as transaction:
        analyses.add_notice(transaction.connection, lease.job.subject.analysis(), DNS_UNREACHABLE)
        transaction.complete({"domains": 0})

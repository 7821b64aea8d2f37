"""Analyses single addresses, one or several: looks up what is not known of their domains, then scores them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import DNS_UNREACHABLE, look_up, nobody_answered
from mailsift.analyzer.handlers.sandboxes import take_time
from mailsift.analyzer.handlers.scores import scored
from mailsift.analyzer.repository import analyses, lookups, verified
from mailsift.analyzer.result_lines import ListRow, ResultLines
from mailsift.analyzer.results import Purpose, Tally
from mailsift.analyzer.sandbox import SandboxExaminer, SandboxLines
from mailsift.shared.addresses import Address, parse
from mailsift.shared.db import outcomes
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.suppressions import suppressed_among
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.suppressions import ADDRESS_SUPPRESSED, address_key


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The facts of domains, by their names."""

    known: Mapping[str, DomainFacts]
    """Those that were there already."""
    found: Sequence[DomainFacts]
    """Those that had to be asked for."""

    @property
    def all(self) -> dict[str, DomainFacts]:
        return {**self.known, **{facts.domain: facts for facts in self.found}}

    def is_cached(self, domain: str) -> bool:
        """Whether nothing had to be asked for what is known of a domain."""
        return domain in self.known and all(facts.domain != domain for facts in self.found)


def analyse_single(deps: AnalyzerDeps, lease: Lease) -> None:
    """Analyse the addresses of a single analysis, without those that are suppressed."""
    analysis = lease.job.subject.analysis()
    with lease.reading() as connection:
        asked = analyses.load_addresses(connection, analysis)
        rows = _unsuppressed(connection, lease.job.workspace_id, asked)
        policy = analyses.load_policy(connection, analysis)
        in_sandbox = analyses.is_sandbox(connection, lease.job.workspace_id)
    if in_sandbox:
        _make_up(lease, asked, rows, SandboxExaminer({}, policy))
        return
    domains = {row.normalized_address: _domain(row) for row in rows}
    gathered = _gather(deps, lease, {address: domain for address, domain in domains.items() if domain is not None})
    examiner = Examiner(gathered.all, policy, deps.lists.current())
    cached = sum(gathered.is_cached(domain) for row in rows if (domain := domains[row.normalized_address]) is not None)
    with lease.transaction() as transaction:
        connection = transaction.connection
        lines = ResultLines(Purpose(str(analysis)), examiner)
        _save(connection, lease, asked, rows, lines, cached)
        if nobody_answered(gathered.found):
            analyses.add_notice(connection, analysis, DNS_UNREACHABLE)
        verified.remember(connection, lease.job.workspace_id, domains, deps.resolver)
        transaction.complete({"totalEmails": len(rows), "cachedEmails": cached})


def _make_up(lease: Lease, asked: Sequence[str], rows: Sequence[ListRow], examiner: SandboxExaminer) -> None:
    """Answer as a sandbox does: nobody is asked, and nothing remembered."""
    take_time(lease, asked)
    lines = SandboxLines(Purpose(str(lease.job.subject.analysis())), examiner)
    with lease.transaction() as transaction:
        _save(transaction.connection, lease, asked, rows, lines, cached=0)
        transaction.complete({"totalEmails": len(rows), "cachedEmails": 0})


def _save(  # noqa: PLR0913, PLR0917 - all that is written
    connection: Connection,
    lease: Lease,
    asked: Sequence[str],
    rows: Sequence[ListRow],
    lines: ResultLines,
    cached: int,
) -> None:
    analysis = lease.job.subject.analysis()
    analyses.copy_results(connection, scored(lines, rows, Tally(), lease))
    analyses.save_cached(connection, analysis, cached)
    evidence = {row.sequence_number: lines.examiner.examine(parse(row.email_address)).evidence for row in rows}
    analyses.save_evidence(connection, analysis, [evidence.get(number) for number, _ in enumerate(asked, 1)])
    outcomes.tell_of(connection, lease.job.workspace_id, analysis)
    record(connection, lease.job, Activity.ANALYSIS_COMPLETED, analysis)


def _unsuppressed(connection: Connection, workspace_id: uuid.UUID, asked: Sequence[str]) -> list[ListRow]:
    """Return the addresses to score, under their places among those asked for. Raises PermanentError for none."""
    rows = [ListRow(number, text, address_key(text)) for number, text in enumerate(asked, 1)]
    suppressed = suppressed_among(connection, workspace_id, [row.normalized_address for row in rows])
    kept = [row for row in rows if row.normalized_address not in suppressed]
    if not kept:
        raise PermanentError("address_suppressed", ADDRESS_SUPPRESSED)
    return kept


def _gather(deps: AnalyzerDeps, lease: Lease, domains: Mapping[str, str]) -> _Gathered:
    """Find out about the domains of addresses, of which only the stale ones are asked for."""
    with lease.reading() as connection:
        kept = verified.recall(connection, lease.job.workspace_id, domains, deps.resolver)
    wanted = sorted({domain for address, domain in domains.items() if address not in kept})
    found = look_up(deps, lease, wanted) if wanted else []
    with lease.reading() as connection:
        stored = lookups.load_facts(connection, wanted, deps.resolver)
    return _Gathered({**{domains[address]: facts for address, facts in kept.items()}, **stored}, found)


def _domain(row: ListRow) -> str | None:
    address = parse(row.email_address)
    return address.domain if isinstance(address, Address) else None

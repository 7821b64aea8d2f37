"""Scores addresses from facts that are there already: no network here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import DNS_UNREACHABLE, look_up, nobody_answered
from mailsift.analyzer.repository import analyses, lookups
from mailsift.analyzer.repository.analyses import ListRow
from mailsift.analyzer.repository.lookups import Slice
from mailsift.analyzer.results import Tally, result_row
from mailsift.shared.addresses import Address, parse
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.suppressions import suppressed_among
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.observability.metrics import ROWS
from mailsift.shared.suppressions import ADDRESS_SUPPRESSED, address_key

_ROWS_BETWEEN_CHECKS = 1_000


def score_slice(deps: AnalyzerDeps, lease: Lease) -> None:
    """Score one slice of a list; rows, counters and the job's end are one transaction."""
    analysis = lease.job.subject.analysis()
    with lease.reading() as connection:
        upload_id = analyses.load_list(connection, analysis).upload_id
        part = Slice(upload_id, lease.job.payload["first"], lease.job.payload["last"])
        facts = lookups.facts_of_slice(connection, analysis, part, deps.resolver)
        rows = analyses.slice_rows(connection, part, lease.job.workspace_id)
        examiner = Examiner(facts, analyses.load_policy(connection, analysis), deps.lists.current())
    tally = Tally()
    with lease.transaction() as transaction:
        scored = _scored(str(analysis), rows, examiner, tally, lease)
        analyses.copy_results(transaction.connection, scored)
        analyses.add_counters(transaction.connection, analysis, tally.totals())
        transaction.complete({"rows": len(rows)})
    ROWS.labels("scored").inc(len(rows))


def analyse_single(deps: AnalyzerDeps, lease: Lease) -> None:
    """Analyse one address: look its domain up if need be, then score it."""
    analysis = lease.job.subject.analysis()
    with lease.reading() as connection:
        text = analyses.load_single_address(connection, analysis)
        if suppressed_among(connection, lease.job.workspace_id, [address_key(text)]):
            raise PermanentError("address_suppressed", ADDRESS_SUPPRESSED)
        policy = analyses.load_policy(connection, analysis)
    address = parse(text)
    domain = address.domain if isinstance(address, Address) else None
    found = [] if domain is None else look_up(deps, lease, [domain])
    fresh = [] if domain is None or found else _kept_facts(deps, lease, domain)
    row = ListRow(1, text, address_key(text))
    examiner = Examiner({facts.domain: facts for facts in (*found, *fresh)}, policy, deps.lists.current())
    with lease.transaction() as transaction:
        analyses.copy_results(transaction.connection, _scored(str(analysis), [row], examiner, Tally(), lease))
        analyses.save_single_summary(transaction.connection, analysis, examiner.examine(address).evidence)
        if nobody_answered(found):
            analyses.add_notice(transaction.connection, analysis, DNS_UNREACHABLE)
        record(transaction.connection, lease.job, Activity.ANALYSIS_COMPLETED, analysis)
        transaction.complete()


def _kept_facts(deps: AnalyzerDeps, lease: Lease, domain: str) -> list[DomainFacts]:
    with lease.reading() as connection:
        stored = lookups.load_facts(connection, domain, deps.resolver)
    return [] if stored is None else [stored]


def _scored(
    analysis_id: str, rows: Iterable[ListRow], examiner: Examiner, tally: Tally, lease: Lease
) -> Iterator[tuple[object, ...]]:
    for count, row in enumerate(rows):
        if count % _ROWS_BETWEEN_CHECKS == 0:
            lease.check()
        examination = examiner.examine(parse(row.email_address))
        tally.add(examination)
        yield result_row(analysis_id, row.sequence_number, row.email_address, row.normalized_address, examination)

"""Scores the addresses of lists from facts that are there already: no network here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsift.analyzer.examination import Examiner, without_posture
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.repository import analyses, lookups
from mailsift.analyzer.repository.analyses import ListRow
from mailsift.analyzer.repository.lookups import Slice
from mailsift.analyzer.results import Purpose, Tally, result_row
from mailsift.shared.addresses import parse
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.observability.metrics import ROWS

_ROWS_BETWEEN_CHECKS = 1_000


def score_slice(deps: AnalyzerDeps, lease: Lease) -> None:
    """Score one slice of a list; rows, counters and the job's end are one transaction."""
    analysis = lease.job.subject.analysis()
    with lease.reading() as connection:
        todo = analyses.load_list(connection, analysis)
        part = Slice(todo.upload_id, lease.job.payload["first"], lease.job.payload["last"])
        facts = lookups.facts_of_slice(connection, analysis, part, deps.resolver)
        rows = analyses.slice_rows(connection, part, lease.job.workspace_id)
        policy = analyses.load_policy(connection, analysis)
    tally, purpose = Tally(), Purpose(str(analysis), todo.analysis_type.tells_leads)
    if not purpose.tells_leads:
        facts = {domain: without_posture(known) for domain, known in facts.items()}
    with lease.transaction() as transaction:
        answers = scored(purpose, rows, Examiner(facts, policy, deps.lists.current()), tally, lease)
        analyses.copy_results(transaction.connection, answers)
        analyses.add_counters(transaction.connection, analysis, todo.analysis_type, tally.totals(todo.analysis_type))
        transaction.complete({"rows": len(rows)})
    ROWS.labels("scored").inc(len(rows))


def scored(
    purpose: Purpose, rows: Iterable[ListRow], examiner: Examiner, tally: Tally, lease: Lease
) -> Iterator[tuple[object, ...]]:
    """Score rows one by one, as results, for as long as the lease holds."""
    for count, row in enumerate(rows):
        if count % _ROWS_BETWEEN_CHECKS == 0:
            lease.check()
        examination = examiner.examine(parse(row.email_address))
        tally.add(examination)
        yield result_row(purpose, row.sequence_number, row.email_address, row.normalized_address, examination)

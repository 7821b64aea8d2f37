"""Scores the addresses of lists from facts that are there already: no network here."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examiner, without_posture
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.sandboxes import take_time
from mailsift.analyzer.metrics import VERDICTS
from mailsift.analyzer.reference.lists import Lists
from mailsift.analyzer.repository import analyses, lookups
from mailsift.analyzer.repository.lookups import Slice
from mailsift.analyzer.result_lines import PlainRow, ResultLines
from mailsift.analyzer.results import Purpose, Tally
from mailsift.analyzer.sandbox import SandboxExaminer, SandboxLines
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.observability.metrics import ROWS

_SCORED = ROWS.labels("scored")

_ROWS_AT_ONCE = 1_000


def score_slice(deps: AnalyzerDeps, lease: Lease) -> None:
    """Score one slice of a list; rows, counters and the job's end are one transaction."""
    analysis = lease.job.subject.analysis()
    with lease.reading() as connection:
        todo = analyses.load_list(connection, analysis)
        part = Slice(todo.upload_id, lease.job.payload["first"], lease.job.payload["last"])
        rows = analyses.slice_rows(connection, part, lease.job.workspace_id)
        in_sandbox = analyses.is_sandbox(connection, lease.job.workspace_id)
    if in_sandbox:
        take_time(lease, (text for _, text, _, _ in rows))
    purpose = Purpose(str(analysis), todo.analysis_type.tells_leads)
    tally = Tally()
    with lease.transaction() as transaction:
        connection = transaction.connection
        with deps.examiners.turn(lease.check):  # nothing is sent before, so no transaction waits
            lines = _made_up(connection, purpose) if in_sandbox else _lines(deps, connection, purpose, rows)
            analyses.copy_results(connection, scored(lines, rows, tally, lease))
        analyses.add_counters(connection, analysis, todo.analysis_type, tally.totals(todo.analysis_type))
        transaction.complete({"rows": len(rows)})
    _SCORED.inc(len(rows))
    for status, sub_status, count in tally.verdicts():
        VERDICTS.labels(status, sub_status).inc(count)


def _lines(deps: AnalyzerDeps, connection: Connection, purpose: Purpose, rows: Sequence[PlainRow]) -> ResultLines:
    """Have those of this analysis learn what they do not know yet of the domains of some rows."""
    analysis = uuid.UUID(purpose.analysis_id)

    def make(facts: Mapping[str, DomainFacts], lists: Lists) -> ResultLines:
        return ResultLines(purpose, Examiner(facts, analyses.load_policy(connection, analysis), lists))

    learnt = deps.examiners.learnt(analysis, deps.lists.current(), make)
    unknown = {domain for _, _, _, domain in rows if domain is not None} - learnt.facts.keys()
    found = lookups.facts_for_verdicts(connection, analysis, sorted(unknown), deps.resolver)
    if not purpose.tells_leads:
        found = {domain: without_posture(facts) for domain, facts in found.items()}
    learnt.facts.update({domain: DomainFacts(domain) for domain in unknown} | found)
    deps.examiners.make_room()
    return learnt.lines


def _made_up(connection: Connection, purpose: Purpose) -> ResultLines:
    policy = analyses.load_policy(connection, uuid.UUID(purpose.analysis_id))
    return SandboxLines(purpose, SandboxExaminer({}, policy))


def scored(lines: ResultLines, rows: Sequence[PlainRow], tally: Tally, lease: Lease) -> Iterator[str]:
    """Score rows, some at a time, as results, for as long as the lease holds."""
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        lease.check()
        yield lines.of(rows[first : first + _ROWS_AT_ONCE], tally)

"""A list whose domains are known, scored by workers of the analyzer, beside psql's copy of the very results."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from sqlalchemy import text

from benchmarks.cpu import processor_seconds
from benchmarks.crew import Crew, crew, peak_memory
from benchmarks.figures import Figure, Findings, say
from benchmarks.lists import rows, write_csv
from benchmarks.loading import Load, Psql, Ramp, since
from benchmarks.site import Ground
from domain_facts import HEALTHY
from factories import Tenant, enqueue, make_analysis, make_tenant
from mailsift.analyzer.evidence import (
    DkimPosture,
    DmarcPosture,
    DomainFacts,
    Existence,
    Lookup,
    Lookups,
    SpfPosture,
)
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.repository import lookups
from mailsift.analyzer.result_lines import ListRow, ResultLines
from mailsift.analyzer.results import COLUMNS, Purpose, Tally
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.storage import Storage
from mailsift.shared.suppressions import address_key

_RESOLVER: Final = "system"
_TTL_SECONDS: Final = 86_400
_SECONDS_AT_MOST: Final = 1_200
_BATCH: Final = 5_000
_WORKERS: Final = 2
"""With so many threads each, as the Kubernetes base has it: one process of Python keeps no more than one core busy."""
_THREADS: Final = 4
_ALONE: Final = 100_000
_ROWS_AT_ONCE: Final = 1_000

_DOMAINS: Final = text("""
    SELECT DISTINCT domain FROM "uploadEmails" WHERE "uploadId" = :upload_id AND domain IS NOT NULL ORDER BY domain""")
_JOB: Final = text('SELECT status FROM "jobQueue" WHERE "jobId" = :job_id')
_SCORED: Final = text("""
    SELECT extract(epoch FROM max("completedAt") - min("startedAt"))::float, max(attempt), sum((result ->> 'rows')::int)
    FROM "jobQueue" WHERE "parentJobId" = :job_id AND "jobType" = 'email_scoring'""")

# As domains are: most in order, some lax, some dead, some silent.
_KINDS: Final = (
    HEALTHY,
    HEALTHY,
    HEALTHY,
    replace(HEALTHY, dmarc=DmarcPosture(valid=False, detail="none")),
    replace(HEALTHY, dkim=DkimPosture(None, "unknown_selector", keys_exist=True)),
    replace(HEALTHY, spf=SpfPosture(valid=False, detail="none"), dmarc=DmarcPosture(valid=False, detail="none")),
    DomainFacts("", Existence.NXDOMAIN, accepts_mail=False, lookups=Lookups(mx=Lookup.NXDOMAIN)),
    DomainFacts("", Existence.TIMEOUT, lookups=Lookups(mx=Lookup.TIMEOUT)),
)


@dataclass(frozen=True, slots=True)
class Round:
    """The list scored, and its results copied."""

    rows: int
    scores: Load
    copy: Load
    memory: float


class Bench:
    """A site with a list that was taken in, facts about all of its domains, and workers of the analyzer."""

    def __init__(self, hands: Crew, count: int) -> None:
        self._hands, self._site = hands, hands.site
        storage = Storage((self._site.folder / "files").as_uri())
        ramp = Ramp(hands)
        self._upload_id, _ = ramp.ingest(write_csv(storage, "list", count))
        hands.stop(ramp.worker)
        with self._site.connection() as connection:
            self._tenant: Tenant = make_tenant(connection)
            names = connection.scalars(_DOMAINS, {"upload_id": self._upload_id}).all()
            for first in range(0, len(names), _BATCH):
                lookups.save_facts(connection, _facts(names[first : first + _BATCH]), _RESOLVER)
        self._site.postgresql.execute("CHECKPOINT")
        self._workers = [hands.service("analyzer", threads=_THREADS) for _ in range(_WORKERS)]

    def memory(self) -> float:
        """The most megabytes that one of the workers ever held."""
        return max(peak_memory(worker.pid) for worker in self._workers)

    def score(self) -> tuple[uuid.UUID, int, Load]:
        """Have the list analysed; what is measured are the jobs that score."""
        used = processor_seconds()
        with self._site.connection() as connection:
            analysis_id = make_analysis(connection, self._tenant, self._upload_id)
            subject = Subject(analysis_id=analysis_id)
            job_id = enqueue(connection, self._tenant, JobType.ADVANCED_ANALYSIS, subject)
        with self._site.connection() as connection:
            self._hands.wait(lambda: self._is_over(job_id), "the scores", _SECONDS_AT_MOST)
            processor = since(used)
            seconds, attempt, scored = connection.execute(_SCORED, {"job_id": job_id}).one()
            status = connection.scalar(_JOB, {"job_id": job_id})
        assert (status, attempt) == ("completed", 1), (status, attempt)
        return analysis_id, scored, Load(seconds, processor)

    def copy(self, analysis_id: uuid.UUID) -> Load:
        r"""Load the very results with psql's `\copy`, as the same role, in one transaction."""
        path = self._site.folder / "results.copy"
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        found = f"""SELECT {columns} FROM "advancedEmailResults" WHERE "analysisId" = '{analysis_id}'"""
        with Psql(self._site) as psql:
            psql.run(rf"""\copy ({found} ORDER BY "sequenceNumber") TO '{path}'""")
        self.empty()
        with Psql(self._site) as psql:
            used, began = processor_seconds(), time.monotonic()
            psql.run(rf"""\copy "advancedEmailResults" ({columns}) FROM '{path}'""")
            load = Load(time.monotonic() - began, since(used))
        path.unlink()
        self.empty()
        return load

    def empty(self) -> None:
        """Take the results away, and what the last load left to be written."""
        with self._site.connection() as connection:
            connection.execute(text('TRUNCATE "advancedEmailResults"'))
        self._site.postgresql.execute("CHECKPOINT")

    def _is_over(self, job_id: uuid.UUID) -> bool:
        with self._site.connection() as connection:
            return connection.scalar(_JOB, {"job_id": job_id}) not in {"pending", "processing"}


def run(ground: Ground, count: int, rounds: int) -> Findings:
    """Score and copy in turn, then score without a database."""
    with ground.site() as site, crew(site) as hands:
        bench = Bench(hands, count)
        found = [_round(bench) for _ in range(rounds)]
    return _findings(found, _alone(min(count, _ALONE)))


def _round(bench: Bench) -> Round:
    analysis_id, scored, load = bench.score()
    memory = bench.memory()
    found = Round(scored, load, bench.copy(analysis_id), memory)
    say(f"  {scored:,} rows scored in {load.seconds:.2f} s, copied in {found.copy.seconds:.2f} s")
    return found


def _alone(count: int) -> float:
    """Rows a second of one core that judges addresses and makes lines of the results, which nobody gets."""
    listed = [ListRow(number, row[1], address_key(row[1])) for number, row in enumerate(rows(count))]
    names = {row.normalized_address.rpartition("@")[2] for row in listed}
    facts = {known.domain: known for known in _facts(sorted(names))}
    began = time.process_time()
    lines, tally = ResultLines(Purpose(str(uuid.uuid4())), Examiner(facts)), Tally()
    for first in range(0, count, _ROWS_AT_ONCE):
        lines.of(listed[first : first + _ROWS_AT_ONCE], tally)
    return count / (time.process_time() - began)


def _facts(names: Sequence[str]) -> Iterator[DomainFacts]:
    for number, name in enumerate(names):
        yield _named(_KINDS[number % len(_KINDS)], name)


def _named(facts: DomainFacts, name: str) -> DomainFacts:
    """The same of another domain, which has mail hosts and nameservers of its own."""
    hosts = tuple(replace(each, host=each.host.replace(HEALTHY.domain, name)) for each in facts.mx)
    servers = tuple(each.replace(HEALTHY.domain, name) for each in facts.name_servers)
    return replace(facts, domain=name, mx=hosts, name_servers=servers, ttl_seconds=_TTL_SECONDS)


def _findings(found: Sequence[Round], alone: float) -> Findings:
    scored = found[0].rows
    scores, copies = median(each.scores.seconds for each in found), median(each.copy.seconds for each in found)
    growth = found[-1].memory - found[-1 - max(1, rounds // 3)].memory if (rounds := len(found)) > 1 else 0.0
    processor = {
        part: round(1e6 * median(each.scores.processor.get(part, 0.0) for each in found) / scored, 2)
        for part in sorted(set().union(*(each.scores.processor for each in found)))
    }
    processor = {part: spent for part, spent in processor.items() if spent >= 0.01}
    processor_ratio = median(e.copy.processor_seconds for e in found) / median(
        e.scores.processor_seconds for e in found
    )
    return Findings(
        [
            Figure(f"scoring {scored:,} rows", scored / scores, "/s"),
            Figure("copying the same results with psql", scored / copies, "/s"),
            Figure("speed in terms of psql's", copies / scores, "", at_least=0.5),
            Figure("the same in processor time", processor_ratio),
            Figure("scoring alone, one core", alone, "/s"),
            Figure("peak memory of a worker", found[-1].memory, "MB", at_most=250),
            Figure("of which came in the last third of the rounds", growth, "MB", at_most=10),
            *(Figure(f"processor for a row: {part}", spent, "us") for part, spent in processor.items()),
        ],
        {
            "score_rows": scored,
            "score_workers": _WORKERS,
            "score_vs_copy": round(copies / scores, 3),
            "score_vs_copy_processor": round(processor_ratio, 3),
            "score_rows_per_second": round(scored / scores),
            "score_rounds": [[round(each.scores.seconds, 3), round(each.copy.seconds, 3)] for each in found],
            "score_alone_rows_per_second": round(alone),
            "score_memory_mb": [each.memory for each in found],
            "score_processor_us_per_row": processor,
        },
    )

"""Domains looked up by the deployed analyzer: as jobs, from the first claim until the last facts are kept."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from benchmarks.asking import AT_ONCE, ask_alone, ask_with_aiodns, ask_with_dnspython, questions_about
from benchmarks.cpu import processor_seconds
from benchmarks.crew import Crew, crew, peak_memory
from benchmarks.figures import Figure, Findings, say
from benchmarks.loading import since
from benchmarks.relay import DELAY_SECONDS, run_relay
from benchmarks.site import Ground
from benchmarks.zones import domains, zones
from factories import Tenant, enqueue, make_analysis, make_tenant
from mailsift.analyzer.records.replies import Question
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from servers import run_nsd

_DOMAINS_PER_JOB: Final = 500
_SECONDS_AT_MOST: Final = 600
_SAMPLE: Final = 4
"""Jobs whose questions are noted and asked with the libraries."""

_DNSPYTHON_SAMPLE: Final = 6_000
_IN_FLIGHT: Final = 64

_TIMES: Final = text("""
    SELECT extract(epoch FROM max("completedAt") - min("startedAt"))::float, max(attempt),
        count(*) FILTER (WHERE status <> 'completed')
    FROM "jobQueue" WHERE "jobId" = ANY(CAST(:ids AS uuid[]))""")
_OPEN: Final = text("""
    SELECT count(*) FROM "jobQueue"
    WHERE "jobId" = ANY(CAST(:ids AS uuid[])) AND status IN ('pending', 'processing')""")
_KEPT: Final = text("""
    SELECT count(*), count(*) FILTER (WHERE facts ->> 'acceptsMail' IS NULL) FROM domains
    WHERE resolver = :resolver AND facts IS NOT NULL""")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same questions by the analyzer and by libraries, in questions a second."""

    ours: float
    domains_per_second: float
    alone: float
    """By what the analyzer asks with, when nobody makes anything of the answers."""
    aiodns: float
    dnspython: float
    processor: Mapping[str, float]
    """Microseconds of each part for a question of ours."""

    @property
    def vs_aiodns(self) -> float:
        """1 is as fast as aiodns that does nothing with its answers."""
        return self.ours / self.aiodns

    @property
    def alone_vs_aiodns(self) -> float:
        """The same when we do nothing with them either."""
        return self.alone / self.aiodns


class Yard:
    """A site with a dispatcher where workers look domains up."""

    def __init__(self, hands: Crew, count: int) -> None:
        self._hands = hands
        self._domains = domains(count)
        with hands.site.connection() as connection:
            self._tenant: Tenant = make_tenant(connection)
        hands.dispatcher()

    def worker(self, nameserver: str, *, threads: int = 4, **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker that asks so and no workspace slows down."""
        settings = {"NAMESERVERS": nameserver, "DNS_DOMAINS_PER_SECOND": "0", **settings}
        return self._hands.service("analyzer", threads=threads, **settings)

    def look_up(self, nameserver: str, count: int) -> float:
        """Have so many domains looked up, and see that it was done; returns the seconds it took."""
        wanted = self._domains[:count]
        parts = [wanted[first : first + _DOMAINS_PER_JOB] for first in range(0, count, _DOMAINS_PER_JOB)]
        site = self._hands.site
        with site.connection() as connection:
            connection.execute(text("TRUNCATE domains"))
            subject = Subject(analysis_id=make_analysis(connection, self._tenant, None))
            kind = JobType.DOMAIN_RESOLUTION
            jobs = [enqueue(connection, self._tenant, kind, subject, domains=list(part)) for part in parts]
        with site.connection() as connection:
            self._hands.wait(lambda: connection.scalar(_OPEN, {"ids": jobs}) == 0, "the domains", _SECONDS_AT_MOST)
            seconds, attempts, undone = connection.execute(_TIMES, {"ids": jobs}).one()
            kept = tuple(connection.execute(_KEPT, {"resolver": nameserver}).one())
        assert (attempts, undone, kept) == (1, 0, (count, 0)), (attempts, undone, kept)
        return float(seconds)


def run(ground: Ground, count: int) -> Findings:
    """Compare near and far, then count workers."""
    with ExitStack() as stack:
        near = stack.enter_context(run_nsd(zones(count)))
        hands = stack.enter_context(crew(stack.enter_context(ground.site())))
        yard = Yard(hands, count)
        sample = min(count, _SAMPLE * _DOMAINS_PER_JOB)
        questions = [
            question
            for first in range(0, sample, _DOMAINS_PER_JOB)
            for question in questions_about(near, domains(sample)[first : first + _DOMAINS_PER_JOB])
        ]
        say(f"  {len(questions) / sample:.1f} questions for each domain")
        found_near, memory = _compare(yard, hands, near, count, questions)
        far = stack.enter_context(run_relay(near))
        found_far, _ = _compare(yard, hands, far, count, questions)
        times = _two_against_one(yard, hands, far, sample)
    return _findings(found_near, found_far, times, memory, len(questions) / sample)


def _compare(
    yard: Yard, hands: Crew, nameserver: str, count: int, questions: Sequence[Question]
) -> tuple[Comparison, list[float]]:
    worker = yard.worker(nameserver)
    yard.look_up(nameserver, min(count, _DOMAINS_PER_JOB))
    # Before and after, so that what else the machine does weighs on both.
    half = len(questions) // 2
    alone_seconds = ask_alone(nameserver, questions[:half])
    aiodns_seconds = ask_with_aiodns(nameserver, questions[:half])
    used = processor_seconds()
    seconds = yard.look_up(nameserver, count)
    processor = since(used)
    memory = [peak_memory(worker.pid)]
    aiodns_seconds += ask_with_aiodns(nameserver, questions[half:])
    alone_seconds += ask_alone(nameserver, questions[half:])
    some = questions[:_DNSPYTHON_SAMPLE]
    dnspython_seconds = ask_with_dnspython(nameserver, some)
    yard.look_up(nameserver, min(count, 10 * _DOMAINS_PER_JOB))
    memory.append(peak_memory(worker.pid))
    hands.stop(worker)
    asked = len(questions) * count / min(count, _SAMPLE * _DOMAINS_PER_JOB)
    found = Comparison(
        asked / seconds,
        count / seconds,
        len(questions) / alone_seconds,
        len(questions) / aiodns_seconds,
        len(some) / dnspython_seconds,
        {part: round(1e6 * spent / asked, 1) for part, spent in sorted(processor.items()) if spent > seconds / 100},
    )
    say(
        f"  {found.ours:,.0f} lookups/s, asking alone {found.alone:,.0f},"
        f" aiodns {found.aiodns:,.0f}, dnspython {found.dnspython:,.0f}"
    )
    return found, memory


def _small_worker(yard: Yard, nameserver: str) -> subprocess.Popen[bytes]:
    return yard.worker(nameserver, threads=1, DNS_QUESTIONS_AT_ONCE=str(_IN_FLIGHT))


def _two_against_one(yard: Yard, hands: Crew, nameserver: str, count: int) -> float:
    seconds = []
    for workers in (1, 2):
        started = [_small_worker(yard, nameserver) for _ in range(workers)]
        yard.look_up(nameserver, min(count, 2 * _DOMAINS_PER_JOB))
        seconds.append(yard.look_up(nameserver, count))
        for worker in started:
            hands.stop(worker)
    say(f"  two workers look up {seconds[0] / seconds[1]:.2f} times what one does")
    return seconds[0] / seconds[1]


def _findings(near: Comparison, far: Comparison, times: float, memory: Sequence[float], questions: float) -> Findings:
    milliseconds = round(1000 * DELAY_SECONDS)
    places = {"without delay": near, f"with {milliseconds} ms and 1 % loss": far}
    return Findings(
        [
            Figure("questions for each domain", questions),
            *(
                figure
                for place, found in places.items()
                for figure in (
                    Figure(f"domains looked up, {place}", found.domains_per_second, "/s"),
                    Figure(f"lookups, {place}", found.ours, "/s"),
                    Figure(f"lookups when their answers are dropped, {place}", found.alone, "/s"),
                    Figure(f"lookups by aiodns, {place}", found.aiodns, "/s"),
                    Figure(f"lookups by dnspython, {place}", found.dnspython, "/s"),
                    Figure(f"speed in terms of aiodns, {place}", found.vs_aiodns, "", at_least=0.8),
                    Figure(f"the same when answers are dropped, {place}", found.alone_vs_aiodns),
                    *(Figure(f"processor for a lookup: {part}", s, "us") for part, s in found.processor.items()),
                )
            ),
            Figure(f"two workers, {_IN_FLIGHT} lookups in flight each, in terms of one", times, "", at_least=1.8),
            Figure("peak memory of a worker", memory[-1], "MB", at_most=250),
            Figure("of which came with a quarter more domains", memory[-1] - memory[0], "MB"),
        ],
        {
            "dns_vs_aiodns": round(min(near.vs_aiodns, far.vs_aiodns), 3),
            "dns_in_flight_of_libraries": AT_ONCE,
            "dns_near": _record(near),
            "dns_far": _record(far),
            "dns_questions_per_domain": round(questions, 2),
            "dns_two_workers_times": round(times, 2),
            "dns_memory_mb": list(memory),
        },
    )


def _record(found: Comparison) -> Mapping[str, object]:
    return {
        "lookups_per_second": round(found.ours),
        "domains_per_second": round(found.domains_per_second),
        "alone_per_second": round(found.alone),
        "aiodns_per_second": round(found.aiodns),
        "dnspython_per_second": round(found.dnspython),
        "vs_aiodns": round(found.vs_aiodns, 3),
        "alone_vs_aiodns": round(found.alone_vs_aiodns, 3),
        "processor_us_per_lookup": found.processor,
    }

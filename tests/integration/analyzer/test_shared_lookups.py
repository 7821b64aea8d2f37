from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import Engine, text

from domain_facts import HEALTHY
from engines import waiting_for_locks
from factories import Tenant, enqueue, make_analysis
from mailsift.analyzer import repository
from mailsift.analyzer.evidence import DomainFacts, Existence
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import resolve_domains
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from processes import wait_for
from pump import Pump

NAMESERVER = "192.0.2.53"


class ScriptedProbe:
    """Nobody answers for a silent domain, everybody else is healthy; `afterwards` runs before the answers are kept."""

    resting = False

    def __init__(self, silent: Sequence[str] = (), afterwards: Callable[[], None] = lambda: None) -> None:
        self.silent, self.afterwards = silent, afterwards
        self.asked: list[str] = []

    async def resolve_all(self, domains: Sequence[str], on_done: Callable[[DomainFacts], None]) -> None:
        for domain in domains:
            self.asked.append(domain)
            known = replace(HEALTHY, domain=domain)
            on_done(DomainFacts(domain, existence=Existence.UNREACHABLE) if domain in self.silent else known)
        self.afterwards()


class LookUps:
    """Jobs that look domains up, and what became of them."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant) -> None:
        self.worker, self.owner, self.tenant = worker, owner, tenant

    def job(self, *domains: str) -> uuid.UUID:
        with self.owner.begin() as connection:
            subject = Subject(analysis_id=make_analysis(connection, self.tenant, None))
            return enqueue(connection, self.tenant, JobType.DOMAIN_RESOLUTION, subject, domains=list(domains))

    def pump(self, probe: ScriptedProbe) -> Pump:
        deps = AnalyzerDeps(cast("DomainProbe", probe), NAMESERVER, domains_per_job=10, rows_per_job=10)
        return Pump(self.worker, {JobType.DOMAIN_RESOLUTION: partial(resolve_domains, deps)})

    def run(self, job_id: uuid.UUID, probe: ScriptedProbe) -> Mapping[str, Any]:
        pump = self.pump(probe)
        pump.runner.run(str(job_id), self.row(job_id)["attempt"], pump.handlers[JobType.DOMAIN_RESOLUTION])
        return self.row(job_id)

    def row(self, job_id: uuid.UUID) -> Mapping[str, Any]:
        with self.worker.begin() as connection:
            found = connection.execute(text('SELECT * FROM "jobQueue" WHERE "jobId" = :id'), {"id": job_id})
            return dict(found.mappings().one())

    def job_that_asks_about(self, *domains: str) -> uuid.UUID:
        other = self.job(*domains)
        self.move(other, "processing")
        with self.worker.begin() as connection:
            assert repository.claim_domains(connection, domains, other, NAMESERVER, 300) == list(domains)
        return other

    def move(self, job_id: uuid.UUID, status: str) -> None:
        with self.worker.begin() as connection:
            statement = text('UPDATE "jobQueue" SET status = :status WHERE "jobId" = :id')
            connection.execute(statement, {"status": status, "id": job_id})

    def give_up(self, job_id: uuid.UUID, *domains: str) -> None:
        with self.worker.begin() as connection:
            repository.release_claims(connection, domains, job_id, NAMESERVER)


@pytest.fixture
def look_ups(worker: Engine, owner: Engine, tenant: Tenant) -> LookUps:
    return LookUps(worker, owner, tenant)


def test_what_another_job_gave_up_meanwhile_is_looked_up_after_all(look_ups: LookUps) -> None:
    other = look_ups.job_that_asks_about("a.com")
    job = look_ups.job("a.com", "b.com")
    probe = ScriptedProbe(afterwards=lambda: look_ups.give_up(other, "a.com"))
    assert look_ups.run(job, probe)["status"] == "pending"
    assert look_ups.run(job, probe)["status"] == "completed"
    assert probe.asked == ["b.com", "a.com"]


def test_a_job_that_ended_before_it_gave_up_its_domains_keeps_nobody_waiting(look_ups: LookUps) -> None:
    other = look_ups.job_that_asks_about("a.com")
    job = look_ups.job("a.com")
    assert look_ups.run(job, ScriptedProbe())["status"] == "pending"
    look_ups.move(other, "cancelled")
    assert look_ups.run(job, ScriptedProbe())["status"] == "completed"


def test_domains_that_are_known_already_count_as_done(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com"), ScriptedProbe())
    job = look_ups.job("a.com", "b.com", "c.com")
    probe = ScriptedProbe()
    pump = look_ups.pump(probe)
    probe.afterwards = lambda: pump.heartbeat.beat(time.monotonic(), extend=False)
    pump.run()
    assert probe.asked == ["b.com", "c.com"]
    row = look_ups.row(job)
    assert (row["processedItems"], row["totalItems"]) == (3, 3)


def test_jobs_that_share_domains_do_not_lock_each_other_out(look_ups: LookUps) -> None:
    first, second = look_ups.job("a.com", "b.com", "c.com"), look_ups.job("a.com", "b.com")
    with look_ups.worker.connect() as holder:

        def hold_c() -> None:
            holder.execute(text("SELECT FROM domains WHERE domain = 'c.com' FOR UPDATE"))

        keeps_two = threading.Thread(target=look_ups.run, args=(first, ScriptedProbe(["a.com"], hold_c)))
        claims = threading.Thread(target=look_ups.run, args=(second, ScriptedProbe()))
        keeps_two.start()
        wait_for(lambda: waiting_for_locks(look_ups.worker) == 1, "the first to wait for c.com")
        claims.start()
        wait_for(lambda: waiting_for_locks(look_ups.worker) == 2, "the second to wait for the first")
        holder.rollback()
    keeps_two.join()
    claims.join()
    assert [look_ups.row(job)["retryCount"] for job in (first, second)] == [0, 0]


def test_facts_that_expire_between_two_looks_still_count(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com"), ScriptedProbe())
    with look_ups.worker.begin() as connection:
        connection.execute(text('UPDATE domains SET "expiresAt" = clock_timestamp()'))
        assert repository.load_facts(connection, "a.com", NAMESERVER) is not None

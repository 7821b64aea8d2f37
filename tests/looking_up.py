"""Jobs that look domains up with a probe that answers as told."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from sqlalchemy import Engine, text

from domain_facts import HEALTHY
from factories import Tenant, enqueue, make_analysis
from mailsift.analyzer.evidence import DomainFacts, Existence
from mailsift.analyzer.handlers.addresses import analyse_single
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import resolve_domains
from mailsift.analyzer.probes.domains import DomainProbe, OnFound
from mailsift.analyzer.repository import lookups
from mailsift.shared.db.rate_limits import Bucket
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from pump import Pump

NAMESERVER = "192.0.2.53"


class ScriptedProbe:
    """Nobody answers for a silent domain, everybody else is healthy; `afterwards` runs before the answers are kept."""

    resting = False
    was_heard = False

    def __init__(self, silent: Sequence[str] = (), afterwards: Callable[[], object] = lambda: None) -> None:
        self.silent, self.afterwards = silent, afterwards
        self.asked: list[str] = []

    def resolve_all(self, domains: Sequence[str], on_found: OnFound) -> None:
        self.asked += domains
        on_found([self._answer(domain) for domain in domains])
        self.afterwards()

    def _answer(self, domain: str) -> DomainFacts:
        silent = DomainFacts(domain, existence=Existence.UNREACHABLE)
        return silent if domain in self.silent else replace(HEALTHY, domain=domain)


class LookUps:
    """Jobs that look domains up, and what became of them."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant) -> None:
        self.worker, self.owner, self.tenant = worker, owner, tenant
        self.limit: Bucket | None = None

    def job(self, *domains: str) -> uuid.UUID:
        with self.owner.begin() as connection:
            subject = Subject(analysis_id=make_analysis(connection, self.tenant, None))
            return enqueue(connection, self.tenant, JobType.DOMAIN_RESOLUTION, subject, domains=list(domains))

    def pump(self, probe: ScriptedProbe | DomainProbe) -> Pump:
        deps = AnalyzerDeps(cast("DomainProbe", probe), NAMESERVER, 10, 10, self.limit)
        handlers = {JobType.DOMAIN_RESOLUTION: resolve_domains, JobType.SINGLE_ANALYSIS: analyse_single}
        return Pump(self.worker, {job_type: partial(handler, deps) for job_type, handler in handlers.items()})

    def run(self, job_id: uuid.UUID, probe: ScriptedProbe | DomainProbe) -> Mapping[str, Any]:
        pump = self.pump(probe)
        row = self.row(job_id)
        pump.runner.run(str(job_id), row["attempt"], pump.handlers[JobType(row["jobType"])])
        return self.row(job_id)

    def row(self, job_id: uuid.UUID) -> Mapping[str, Any]:
        with self.worker.begin() as connection:
            found = connection.execute(text('SELECT * FROM "jobQueue" WHERE "jobId" = :id'), {"id": job_id})
            return dict(found.mappings().one())

    def notices(self, job_id: uuid.UUID) -> list[str]:
        with self.worker.begin() as connection:
            statement = text('SELECT notices FROM analyses JOIN "jobQueue" USING ("analysisId") WHERE "jobId" = :id')
            return list(connection.scalar(statement, {"id": job_id}) or ())

    def job_that_asks_about(self, *domains: str) -> uuid.UUID:
        other = self.job(*domains)
        self.move(other, "processing")
        with self.worker.begin() as connection:
            assert lookups.claim_domains(connection, domains, other, NAMESERVER, 300) == list(domains)
        return other

    def move(self, job_id: uuid.UUID, status: str) -> None:
        with self.worker.begin() as connection:
            statement = text('UPDATE "jobQueue" SET status = :status WHERE "jobId" = :id')
            connection.execute(statement, {"status": status, "id": job_id})

    def give_up(self, job_id: uuid.UUID, *domains: str) -> None:
        with self.worker.begin() as connection:
            lookups.release_claims(connection, domains, job_id, NAMESERVER)

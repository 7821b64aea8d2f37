from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import Engine, insert, text

from factories import Tenant, enqueue, make_analysis, suppress
from looking_up import ScriptedProbe
from mailsift.analyzer.evidence import FACTS_VERSION
from mailsift.analyzer.handlers.audits import analyse_domain
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.shared.db.tables import DomainAnalysis
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.verdicts import DomainStep
from mailsift.standalone.demo.nameserver import bundled_zone, serving
from pump import Pump

TAKE_AWAY = """UPDATE "jobQueue" SET "leaseToken" = gen_random_uuid()"""
FREE = """UPDATE "jobQueue" SET status = 'pending', "leaseToken" = NULL, "leaseUntil" = NULL, "dueAt" = now()"""


@pytest.fixture(scope="module")
def nameserver() -> Iterator[str]:
    with serving(bundled_zone()) as address:
        yield address


class Auditor:
    """Has domains analysed and does the jobs."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant, nameserver: str) -> None:
        self.worker, self.owner, self.tenant = worker, owner, tenant
        self.queries = 0
        self.pump = self.asking(nameserver, seconds=2)

    def asking(self, nameserver: str, seconds: float) -> Pump:
        probe = DomainProbe(ProbeSettings((nameserver,), seconds, tries=2), CircuitBreaker(), self._count)
        return self.with_probe(probe, nameserver)

    def with_probe(self, probe: DomainProbe, nameserver: str) -> Pump:
        deps = AnalyzerDeps(probe, nameserver, domains_per_job=4, rows_per_job=5)
        return Pump(self.worker, {JobType.DOMAIN_ANALYSIS: partial(analyse_domain, deps)})

    def _count(self, *_question: object) -> None:
        self.queries += 1

    def analyse(self, domain: str, pump: Pump | None = None) -> dict[str, Any]:
        with self.owner.begin() as connection:
            analysis_id = make_analysis(connection, self.tenant, None, "domain")
            connection.execute(insert(DomainAnalysis), {"analysis_id": analysis_id, "domain": domain})
            enqueue(connection, self.tenant, JobType.DOMAIN_ANALYSIS, Subject(analysis_id=analysis_id))
        (pump or self.pump).run()
        return self.shown(analysis_id)

    def shown(self, analysis_id: uuid.UUID) -> dict[str, Any]:
        (row,) = self.query(f"""SELECT d.*, a."errorCode", a.notices, a.status AS ended
            FROM "domainAnalysis" d JOIN analyses a USING ("analysisId") WHERE "analysisId" = '{analysis_id}'""")
        return row

    def query(self, statement: str) -> list[dict[str, Any]]:
        with self.owner.begin() as connection:
            result = connection.execute(text(statement))
            return [dict(row) for row in result.mappings()] if result.returns_rows else []


@pytest.fixture
def auditor(worker: Engine, owner: Engine, tenant: Tenant, nameserver: str) -> Auditor:
    return Auditor(worker, owner, tenant, nameserver)


def test_a_domain_is_analysed_step_by_step_and_kept_for_a_day(auditor: Auditor) -> None:
    before = dt.datetime.now(dt.UTC)
    found = auditor.analyse("company.com")
    assert (found["ended"], found["status"], found["deliverabilityScore"], found["riskLevel"]) == (
        "completed",
        "valid",
        95,
        "low",
    )
    assert sum(points for _, points in found["scoreBreakdown"]) == 95
    assert (found["isRealData"], found["isCached"]) == (True, False)
    assert [step["code"] for step in found["steps"]] == [step.value for step in DomainStep]
    assert all(step["durationMs"] >= 0 for step in found["steps"])
    assert {each["code"]: each["severity"] for each in found["recommendations"]} == {
        "dmarc_missing": "warning",
        "mta_sts_missing": "advice",
        "single_mail_host": "advice",
        "tls_rpt_missing": "advice",
    }
    assert found["evidence"]["version"] == FACTS_VERSION
    assert found["evidence"]["facts"]["spf"]["record"] == "v=spf1 mx -all"
    assert dt.timedelta(hours=23) < found["expiresAt"] - before < dt.timedelta(hours=25)
    (job,) = auditor.query('SELECT status, progress, result FROM "jobQueue"')
    assert (job["status"], job["progress"]) == ("completed", 100)
    assert job["result"] == {"domain": "company.com", "status": "valid", "score": 95}


def test_a_known_domain_is_asked_about_by_nobody(auditor: Auditor) -> None:
    first = auditor.analyse("company.com")
    asked = auditor.queries
    again = auditor.analyse("company.com")
    assert auditor.queries == asked > 0
    assert again["isCached"]
    assert again["evidence"] == first["evidence"]


def test_without_an_answer_the_data_are_not_real(auditor: Auditor) -> None:
    found = auditor.analyse("company.com", auditor.asking("127.0.0.1:1", seconds=0.2))
    assert (found["ended"], found["status"], found["isRealData"]) == ("completed", "unknown", False)
    assert found["notices"] == ["dns_unreachable"]
    assert [each["code"] for each in found["recommendations"]] in (["dns_unreachable"], ["dns_timeout"])


def test_a_suppressed_domain_is_not_analysed(auditor: Auditor) -> None:
    with auditor.owner.begin() as connection:
        suppress(connection, auditor.tenant, "company.com")
    found = auditor.analyse("eu.company.com")
    assert (found["ended"], found["errorCode"], auditor.queries) == ("failed", "address_suppressed", 0)


def test_a_worker_whose_job_was_taken_away_writes_nothing_and_the_next_attempt_completes_it(auditor: Auditor) -> None:
    probe = ScriptedProbe(afterwards=lambda: auditor.query(TAKE_AWAY))
    found = auditor.analyse("company.com", auditor.with_probe(cast("DomainProbe", probe), "a"))
    assert (probe.asked, found["status"], found["steps"]) == (["company.com"], None, None)
    assert auditor.query("SELECT FROM domains WHERE facts IS NOT NULL") == []
    auditor.query(FREE)
    auditor.pump.run()
    again = auditor.shown(found["analysisId"])
    assert (again["ended"], again["status"], len(again["steps"])) == ("completed", "valid", 4)
    done = auditor.query("""SELECT FROM "userActivities" WHERE "activityType" = 'analysis_completed'""")
    assert len(done) == 1

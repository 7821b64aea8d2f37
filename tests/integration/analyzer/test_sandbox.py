from __future__ import annotations

import uuid
from functools import partial
from typing import Any, cast

import pytest
from sqlalchemy import Engine, insert, text

from factories import Tenant, enqueue, make_analysis, make_tenant, make_upload
from mailsift.analyzer.handlers.addresses import analyse_single
from mailsift.analyzer.handlers.audits import analyse_domain
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.lists import analyse_list
from mailsift.analyzer.handlers.scores import score_slice
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.sandbox import SCENARIOS
from mailsift.shared.db.tables import DomainAnalysis, SingleAnalysis, UploadEmail
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from pump import Pump

ADDRESSES = [f"{name}@example.com" for name in SCENARIOS]
IN_TIME = [address for address in ADDRESSES if not address.startswith("slow")]


class Nobody:
    """Must not be asked."""

    resting = False
    was_heard = False

    def resolve_all(self, domains: object, on_found: object) -> None:
        raise AssertionError((domains, on_found))


@pytest.fixture
def sandbox(owner: Engine, tenant: Tenant) -> Tenant:
    with owner.begin() as connection:
        made = make_tenant(connection, "Sandbox")
        marked = text('UPDATE workspaces SET "sandboxOf" = :live WHERE "workspaceId" = :id')
        connection.execute(marked, {"live": tenant.workspace_id, "id": made.workspace_id})
    return made


@pytest.fixture
def pump(worker: Engine) -> Pump:
    deps = AnalyzerDeps(cast("DomainProbe", Nobody()), "192.0.2.53", domains_per_job=4, rows_per_job=5)
    handlers = {
        JobType.SINGLE_ANALYSIS: analyse_single,
        JobType.ADVANCED_ANALYSIS: analyse_list,
        JobType.EMAIL_SCORING: score_slice,
        JobType.DOMAIN_ANALYSIS: analyse_domain,
    }
    return Pump(worker, {job_type: partial(handler, deps) for job_type, handler in handlers.items()})


def rows(owner: Engine, statement: str) -> list[dict[str, Any]]:
    with owner.begin() as connection:
        return [dict(row) for row in connection.execute(text(statement)).mappings()]


def single(owner: Engine, tenant: Tenant, *addresses: str) -> uuid.UUID:
    with owner.begin() as connection:
        analysis_id = make_analysis(connection, tenant, None, "single")
        asked = {"analysis_id": analysis_id, "email_addresses": list(addresses)}
        connection.execute(insert(SingleAnalysis), asked)
        return enqueue(connection, tenant, JobType.SINGLE_ANALYSIS, Subject(analysis_id=analysis_id))


def listed(owner: Engine, tenant: Tenant, *addresses: str) -> uuid.UUID:
    with owner.begin() as connection:
        upload_id = make_upload(connection, tenant)
        counts = text("""UPDATE uploads SET status = 'completed', "totalRows" = :n, "totalEmails" = :n
                         WHERE "uploadId" = :id""")
        connection.execute(counts, {"n": len(addresses), "id": upload_id})
        entries = [
            {
                "upload_id": upload_id,
                "sequence_number": number,
                "row_number": number,
                "email_address": address,
                "normalized_address": address,
                "domain": "example.com",
                "is_valid_format": True,
                "columns": [address],
            }
            for number, address in enumerate(addresses, 1)
        ]
        connection.execute(insert(UploadEmail), entries)
        analysis_id = make_analysis(connection, tenant, upload_id)
        return enqueue(connection, tenant, JobType.ADVANCED_ANALYSIS, Subject(analysis_id=analysis_id))


def test_a_list_is_answered_by_its_local_parts_and_nobody_is_asked(owner: Engine, sandbox: Tenant, pump: Pump) -> None:
    listed(owner, sandbox, *IN_TIME)
    pump.run()
    found = rows(owner, 'SELECT status, "mxHost" FROM "advancedEmailResults" ORDER BY "sequenceNumber"')
    told = ["valid", "invalid", "invalid", "valid", "risky", "valid", "valid", "valid", "unknown", "unknown"]
    assert [row["status"] for row in found] == told
    (summary,) = rows(owner, 'SELECT * FROM "advancedAnalysis"')
    assert (summary["validEmails"], summary["disposableEmails"], summary["roleBasedEmails"]) == (5, 1, 1)
    assert [rows(owner, f'SELECT * FROM "{table}"') for table in ("domains", "verifiedEmails", "rateLimits")] == [
        []
    ] * 3


def test_one_address_and_one_domain_are_answered_too(owner: Engine, sandbox: Tenant, pump: Pump) -> None:
    single(owner, sandbox, "disposable@example.com")
    with owner.begin() as connection:
        analysis_id = make_analysis(connection, sandbox, None, "domain")
        connection.execute(insert(DomainAnalysis), {"analysis_id": analysis_id, "domain": "invalid.example"})
        enqueue(connection, sandbox, JobType.DOMAIN_ANALYSIS, Subject(analysis_id=analysis_id))
    pump.run()
    assert [row["status"] for row in rows(owner, 'SELECT status FROM "jobQueue"')] == ["completed"] * 2
    (verdict,) = rows(owner, 'SELECT status, "deliverabilityScore" FROM "advancedEmailResults"')
    assert verdict == {"status": "risky", "deliverabilityScore": 30}
    assert rows(owner, 'SELECT status FROM "domainAnalysis"') == [{"status": "invalid"}]
    assert [rows(owner, f'SELECT * FROM "{table}"') for table in ("domains", "verifiedEmails")] == [[], []]


def test_a_slow_address_keeps_its_answer_back_once(owner: Engine, sandbox: Tenant, pump: Pump) -> None:
    jobs = {single(owner, sandbox, "slow@example.com"), listed(owner, sandbox, "valid@example.com", "slow@example.org")}
    pump.run()
    waiting = rows(
        owner,
        """SELECT "jobType", "dueAt" > now() AS later, "retryCount" FROM "jobQueue"
                             WHERE status = 'pending' ORDER BY 1""",
    )
    assert [tuple(row.values()) for row in waiting] == [("email_scoring", True, 0), ("single_analysis", True, 0)]
    with owner.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET "dueAt" = now() WHERE status = 'pending'"""))
    pump.run()
    ended = rows(owner, """SELECT "jobId" FROM "jobQueue" WHERE status = 'completed' AND "parentJobId" IS NULL""")
    assert {row["jobId"] for row in ended} == jobs
    assert [row["status"] for row in rows(owner, 'SELECT status FROM "advancedEmailResults"')] == ["valid"] * 3


def test_outside_of_a_sandbox_nameservers_are_asked(owner: Engine, tenant: Tenant, pump: Pump) -> None:
    job_id = single(owner, tenant, "invalid@example.com")
    pump.run()
    (job,) = rows(owner, f"""SELECT status, "errorCode" FROM "jobQueue" WHERE "jobId" = '{job_id}'""")
    assert job == {"status": "pending", "errorCode": "internal_error"}

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, insert, text, update

from factories import Tenant, enqueue, make_analysis, make_tenant, suppress
from looking_up import ScriptedProbe
from mailsift.analyzer.handlers.addresses import analyse_single
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.list_files import ListStore
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.shared.db.tables import Analysis, SingleAnalysis
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy, parse_policy
from mailsift.standalone.demo.nameserver import bundled_zone, serving
from pump import Pump

SEVERAL = ["john@company.com", "no address", "SALES@startup.io", "John@company.com"]

TAKE_AWAY = """UPDATE "jobQueue" SET "leaseToken" = gen_random_uuid()"""
FREE = """UPDATE "jobQueue" SET status = 'pending', "leaseToken" = NULL, "leaseUntil" = NULL, "dueAt" = now()"""


@pytest.fixture(scope="module")
def nameserver() -> Iterator[str]:
    with serving(bundled_zone()) as address:
        yield address


class Verifier:
    """Asks about addresses for a workspace, and does the jobs."""

    def __init__(self, worker: Engine, owner: Engine, nameserver: str) -> None:
        self.owner = owner
        self.queries = 0
        self.worker = worker
        settings = ProbeSettings((nameserver,), query_seconds=2, tries=2)
        self.nameserver = nameserver
        self.probe = DomainProbe(settings, CircuitBreaker(), self._count)
        self.pump = self.with_probe(self.probe, nameserver)

    def with_probe(self, probe: DomainProbe, nameserver: str, lists: Path | None = None) -> Pump:
        deps = AnalyzerDeps(probe, nameserver, domains_per_job=4, rows_per_job=5, lists=ListStore(lists))
        return Pump(self.worker, {JobType.SINGLE_ANALYSIS: partial(analyse_single, deps)})

    def _count(self, *_question: object) -> None:
        self.queries += 1

    def verify(
        self,
        tenant: Tenant,
        addresses: Sequence[str],
        pump: Pump | None = None,
        policy: ScoringPolicy = DEFAULT_POLICY,
    ) -> uuid.UUID:
        with self.owner.begin() as connection:
            analysis_id = make_analysis(connection, tenant, None, "single")
            weighed = update(Analysis).where(Analysis.analysis_id == analysis_id).values(scoring=policy.to_json())
            connection.execute(weighed)
            asked = {"analysis_id": analysis_id, "email_addresses": list(addresses)}
            connection.execute(insert(SingleAnalysis), asked)
            enqueue(connection, tenant, JobType.SINGLE_ANALYSIS, Subject(analysis_id=analysis_id))
        (pump or self.pump).run()
        return analysis_id

    def answers(self, analysis_id: uuid.UUID) -> list[tuple[int, str, str, int]]:
        rows = self.query(f"""SELECT "sequenceNumber", "emailAddress", status, "deliverabilityScore"
            FROM "advancedEmailResults" WHERE "analysisId" = '{analysis_id}' ORDER BY 1""")
        return [tuple(row.values()) for row in rows]

    def cached(self, analysis_id: uuid.UUID) -> int:
        (row,) = self.query(f"""SELECT * FROM "singleAnalysis" WHERE "analysisId" = '{analysis_id}'""")
        return int(row["cachedEmails"])

    def query(self, statement: str) -> list[dict[str, Any]]:
        with self.owner.begin() as connection:
            result = connection.execute(text(statement))
            return [dict(row) for row in result.mappings()] if result.returns_rows else []


@pytest.fixture
def verifier(worker: Engine, owner: Engine, nameserver: str) -> Verifier:
    return Verifier(worker, owner, nameserver)


def test_several_addresses_are_answered_in_one_job_each_in_its_place(verifier: Verifier, tenant: Tenant) -> None:
    analysis_id = verifier.verify(tenant, SEVERAL)
    assert verifier.answers(analysis_id) == [
        (1, "john@company.com", "valid", 95),
        (2, "no address", "invalid", 0),
        (3, "SALES@startup.io", "valid", 82),
        (4, "John@company.com", "valid", 95),
    ]
    (row,) = verifier.query('SELECT evidence FROM "singleAnalysis"')
    assert [each["address"].get("normalized") for each in row["evidence"]] == [
        "john@company.com",
        None,
        "sales@startup.io",
        "john@company.com",
    ]
    assert row["evidence"][2]["role"]["entry"] == "sales"
    assert verifier.cached(analysis_id) == 0
    assert verifier.query('SELECT status FROM "jobQueue"') == [{"status": "completed"}]


def test_what_is_known_of_an_address_is_asked_of_nobody_also_when_its_domain_is_forgotten(
    verifier: Verifier, tenant: Tenant
) -> None:
    first = verifier.verify(tenant, SEVERAL)
    asked = verifier.queries
    verifier.query("DELETE FROM domains")
    again = verifier.verify(tenant, SEVERAL)
    assert verifier.queries == asked > 0
    assert verifier.answers(again) == verifier.answers(first)
    assert verifier.cached(again) == 3


def test_what_is_known_of_an_address_is_weighed_by_the_policy_of_who_asks(verifier: Verifier, tenant: Tenant) -> None:
    asked = []
    for weights, score in (({}, 82), ({"role_account": 0}, 95), ({"role_account": -50}, 45), ({}, 82)):
        analysis_id = verifier.verify(tenant, ["sales@startup.io"], policy=parse_policy({"weights": weights}))
        assert [answer[3] for answer in verifier.answers(analysis_id)] == [score]
        asked.append(verifier.queries)
    assert len(set(asked)) == 1


def test_a_list_that_the_operator_changes_counts_from_the_next_job_on(
    verifier: Verifier, tenant: Tenant, tmp_path: Path
) -> None:
    running = verifier.with_probe(verifier.probe, verifier.nameserver, tmp_path)
    listed, seen = tmp_path / "disposable.txt", []
    for change in (
        lambda: None,
        lambda: listed.write_text("# version: 7\ncompany.com\n"),
        lambda: listed.write_text("# version: 8\n# nobody yet\n"),
    ):
        change()
        analysis_id = verifier.verify(tenant, ["john@company.com"], running)
        (row,) = verifier.query(f"""SELECT evidence -> 'domain' AS domain FROM "singleAnalysis"
            WHERE "analysisId" = '{analysis_id}'""")
        seen.append((row["domain"]["kind"], row["domain"]["hit"], verifier.answers(analysis_id)[0][2]))
    hit = {"listName": "operator:disposable", "version": "7", "entry": "company.com"}
    assert seen == [("corporate", None, "valid"), ("disposable", hit, "risky"), ("corporate", None, "valid")]


def test_what_is_known_of_an_address_is_another_workspaces_own(
    verifier: Verifier, tenant: Tenant, owner: Engine
) -> None:
    verifier.verify(tenant, ["john@company.com"])
    asked = verifier.queries
    verifier.query("DELETE FROM domains")
    with owner.begin() as connection:
        other = make_tenant(connection, "Other")
    assert verifier.cached(verifier.verify(other, ["john@company.com"])) == 0
    assert verifier.queries > asked
    known = verifier.query('SELECT "workspaceId", "emailAddress" FROM "verifiedEmails"')
    assert {row["workspaceId"] for row in known} == {tenant.workspace_id, other.workspace_id}


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE {} SET "expiresAt" = now() - interval '1 second' """,
        """UPDATE {} SET facts = facts - 'version' """,
        """UPDATE {} SET resolver = 'elsewhere' """,
    ],
    ids=["past its time", "of an earlier version", "of other nameservers"],
)
def test_what_does_not_hold_any_more_is_asked_again(verifier: Verifier, tenant: Tenant, change: str) -> None:
    verifier.verify(tenant, ["john@company.com"])
    asked = verifier.queries
    for table in ("domains", '"verifiedEmails"'):
        verifier.query(change.format(table))
    assert verifier.cached(verifier.verify(tenant, ["john@company.com"])) == 0
    assert verifier.queries > asked


def test_a_known_domain_answers_for_an_address_that_is_new(verifier: Verifier, tenant: Tenant) -> None:
    verifier.verify(tenant, ["john@company.com"])
    asked = verifier.queries
    assert verifier.cached(verifier.verify(tenant, ["jane@company.com"])) == 1
    assert verifier.queries == asked


def test_what_nobody_answered_is_not_kept(verifier: Verifier, tenant: Tenant) -> None:
    verifier.verify(tenant, ["o@silent.example"])
    assert verifier.query('SELECT * FROM "verifiedEmails"') == []


def test_suppressed_addresses_are_passed_over_and_the_others_keep_their_places(
    verifier: Verifier, tenant: Tenant
) -> None:
    with verifier.owner.begin() as connection:
        suppress(connection, tenant, "company.com")
    analysis_id = verifier.verify(tenant, SEVERAL)
    assert [row[0] for row in verifier.answers(analysis_id)] == [2, 3]
    (row,) = verifier.query('SELECT evidence FROM "singleAnalysis"')
    assert [each is not None for each in row["evidence"]] == [False, True, True, False]
    assert {row["domain"] for row in verifier.query("SELECT domain FROM domains")} == {"startup.io"}


def test_a_worker_whose_job_was_taken_away_writes_nothing_and_the_next_attempt_answers_once(
    verifier: Verifier, tenant: Tenant
) -> None:
    probe = ScriptedProbe(afterwards=lambda: verifier.query(TAKE_AWAY))
    analysis_id = verifier.verify(tenant, SEVERAL, verifier.with_probe(cast("DomainProbe", probe), "a"))
    assert probe.asked == ["company.com", "startup.io"]
    assert verifier.answers(analysis_id) == []
    assert verifier.query('SELECT FROM "verifiedEmails"') == []
    verifier.query(FREE)
    verifier.pump.run()
    assert [row[0] for row in verifier.answers(analysis_id)] == [1, 2, 3, 4]

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_analysis, make_upload, suppress
from mailsift.analyzer.evidence import FACTS_VERSION
from mailsift.analyzer.handlers.addresses import analyse_single
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import resolve_domains
from mailsift.analyzer.handlers.lists import analyse_list
from mailsift.analyzer.handlers.scores import score_slice
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.ingest import repository as ingest_repository
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.entries import Counts, Entries
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import Row
from mailsift.ingest.totals import Totals
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.scoring_policy import parse_policy
from mailsift.standalone.demo.nameserver import bundled_zone, serving
from pump import Pump

DIALECT = Dialect(format=Format.TEXT, has_header=False, column_names=("column_1",), email_columns=(0,))
TWO_COLUMNS = Dialect(
    format=Format.CSV, delimiter=",", has_header=True, column_names=("email", "work email"), email_columns=(0, 1)
)

Rows = list[Mapping[str, Any]]


@pytest.fixture(scope="module")
def nameserver() -> Iterator[str]:
    with serving(bundled_zone()) as address:
        yield address


class Analyzer:
    """A list in the database and the worker that analyses it."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant, nameserver: str) -> None:
        self.worker, self.owner, self.tenant = worker, owner, tenant
        self.queries = 0
        self.pump = self.worker_asking(nameserver)

    def worker_asking(self, nameserver: str, seconds: float = 2) -> Pump:
        settings = ProbeSettings((nameserver,), query_seconds=seconds, tries=2)
        probe = DomainProbe(settings, CircuitBreaker(), self._count)
        deps = AnalyzerDeps(probe, nameserver, domains_per_job=4, rows_per_job=5)
        return Pump(
            self.worker,
            {
                JobType.BULK_ANALYSIS: partial(analyse_list, deps),
                JobType.ADVANCED_ANALYSIS: partial(analyse_list, deps),
                JobType.SINGLE_ANALYSIS: partial(analyse_single, deps),
                JobType.DOMAIN_RESOLUTION: partial(resolve_domains, deps),
                JobType.EMAIL_SCORING: partial(score_slice, deps),
            },
        )

    def _count(self, *_question: object) -> None:
        self.queries += 1

    def ask_about(self, address: str) -> uuid.UUID:
        with self.owner.begin() as connection:
            analysis_id = make_analysis(connection, self.tenant, None, "single")
            connection.execute(
                text("""INSERT INTO "singleAnalysis" ("analysisId", "emailAddress") VALUES (:id, :address)"""),
                {"id": analysis_id, "address": address},
            )
            enqueue(connection, self.tenant, JobType.SINGLE_ANALYSIS, Subject(analysis_id=analysis_id))
        return analysis_id

    def check(self, address: str) -> Any:
        self.ask_about(address)
        self.pump.run()
        return self.query('SELECT evidence FROM "singleAnalysis"')[0]["evidence"]

    def load(self, addresses: Iterable[str]) -> uuid.UUID:
        return self.load_rows(DIALECT, [[address] for address in addresses])

    def load_rows(self, dialect: Dialect, cells: Sequence[list[str]]) -> uuid.UUID:
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, self.tenant)
            ingest_repository.save_dialect(connection, upload_id, dialect)
            entries, counts = Entries(str(upload_id), dialect, Repeats()), Counts()
            rows = [Row(number, row) for number, row in enumerate(cells, 1)]
            ingest_repository.copy_entries(connection, (entries.write(run, counts) for run in in_runs(rows)))
            totals = Totals(counts.rows, counts.emails, counts.valid, counts.duplicates, len(counts.rejected))
            ingest_repository.save_totals(connection, upload_id, totals)
            connection.execute(text("UPDATE uploads SET status = 'completed'"))
        return upload_id

    def analyse(self, upload_id: uuid.UUID, analysis_type: str = "advanced") -> uuid.UUID:
        with self.owner.begin() as connection:
            analysis_id = make_analysis(connection, self.tenant, upload_id, analysis_type)
            enqueue(connection, self.tenant, JobType(f"{analysis_type}_analysis"), Subject(analysis_id=analysis_id))
        return analysis_id

    def results(self, analysis_id: uuid.UUID) -> dict[str, Mapping[str, Any]]:
        rows = self.query(f"""SELECT * FROM "advancedEmailResults" WHERE "analysisId" = '{analysis_id}' ORDER BY 2""")
        return {row["emailAddress"]: row for row in rows}

    def query(self, statement: str) -> Rows:
        with self.worker.begin() as connection:
            return [dict(row) for row in connection.execute(text(statement)).mappings()]


@pytest.fixture
def analyzer(worker: Engine, owner: Engine, tenant: Tenant, nameserver: str) -> Analyzer:
    return Analyzer(worker, owner, tenant, nameserver)


LIST = [
    "john@company.com",
    "sales@startup.io",
    "invalid@",
    "JOHN@company.com",
    "someone@gmail.com",
    "",
    "nobody@no-such-domain-here.com",
    *(f"user{number}@company.com" for number in range(10)),
]


def test_every_address_of_a_row_is_analysed_once(analyzer: Analyzer) -> None:
    rows = [[f"user{number}@company.com", f"USER{number - 1}@company.com"] for number in range(1, 12)]
    analysis_id = analyzer.analyse(analyzer.load_rows(TWO_COLUMNS, rows))
    analyzer.pump.run()
    # Eleven in the first column, and of the second only that which has not been met in the first.
    assert analyzer.results(analysis_id).keys() == {*(row[0] for row in rows), "USER0@company.com"}
    (summary,) = analyzer.query('SELECT * FROM "advancedAnalysis"')
    assert (summary["totalEmails"], summary["processedEmails"]) == (12, 12)


def test_a_list_is_scored_once_for_each_address_with_the_scores_of_the_page(analyzer: Analyzer) -> None:
    analysis_id = analyzer.analyse(analyzer.load(LIST))
    analyzer.pump.run()
    results = analyzer.results(analysis_id)
    assert len(results) == 15
    john, sales = results["john@company.com"], results["sales@startup.io"]
    assert (john["deliverabilityScore"], john["leadStatus"], john["riskLevel"]) == (95, "high-quality", "low")
    assert (sales["deliverabilityScore"], sales["leadStatus"], sales["riskLevel"]) == (82, "medium-quality", "low")
    assert (john["spfPass"], john["dkimPass"], john["dmarcPass"]) == (True, True, False)
    assert sum(points for _, points in john["scoreBreakdown"]) == 95
    assert results["invalid@"]["status"] == "invalid"
    assert results["nobody@no-such-domain-here.com"]["subStatus"] == "domain_not_found"
    summary = analyzer.query('SELECT * FROM "advancedAnalysis"')[0]
    assert (summary["totalEmails"], summary["processedEmails"]) == (15, 15)
    assert summary["validEmails"] + summary["riskyEmails"] + summary["invalidEmails"] + summary["unknownEmails"] == 15
    assert analyzer.query("SELECT status FROM analyses") == [{"status": "completed"}]
    root = analyzer.query('SELECT * FROM "jobQueue" WHERE "parentJobId" IS NULL')[0]
    assert (root["status"], root["progress"], root["openChildren"]) == ("completed", 100, 0)


def test_outcomes_are_told_the_verdicts_of_what_ends_unless_they_know_of_a_later_one(analyzer: Analyzer) -> None:
    known = """
        INSERT INTO outcomes ("workspaceId", "normalizedAddress", outcome, "deliverabilityScore", "leadStatus",
            "judgedAt")
        VALUES (:id, 'john@company.com', 'bounced', NULL, NULL, NULL),
            (:id, 'sales@startup.io', 'bounced', NULL, NULL, '-infinity'),
            (:id, 'someone@gmail.com', 'bounced', 15, 'low-quality', now() + interval '1 day'),
            (:id, 'elsewhere@company.com', 'bounced', NULL, NULL, NULL)"""
    with analyzer.owner.begin() as connection:
        connection.execute(text(known), {"id": analyzer.tenant.workspace_id})
    analyzer.analyse(analyzer.load(LIST))
    analyzer.ask_about("elsewhere@company.com")
    analyzer.pump.run()
    told = analyzer.query('SELECT "normalizedAddress", "deliverabilityScore", "leadStatus" FROM outcomes ORDER BY 1')
    assert [tuple(row.values()) for row in told] == [
        ("elsewhere@company.com", 95, "high-quality"),
        ("john@company.com", 95, "high-quality"),
        ("sales@startup.io", 82, "medium-quality"),
        ("someone@gmail.com", 15, "low-quality"),
    ]


def test_every_part_of_a_list_is_judged_by_the_policy_of_its_analysis(analyzer: Analyzer) -> None:
    upload_id = analyzer.load(["sales@startup.io", *(f"user{number}@company.com" for number in range(9))])
    usual, otherwise = analyzer.analyse(upload_id), analyzer.analyse(upload_id)
    single = analyzer.ask_about("sales@startup.io")
    policy = parse_policy({"weights": {"role_account": 0, "dmarc_missing": -7}})
    with analyzer.owner.begin() as connection:
        connection.execute(
            text('UPDATE analyses SET scoring = CAST(:policy AS jsonb) WHERE "analysisId" = ANY(:ids)'),
            {"policy": json.dumps(policy.to_json()), "ids": [otherwise, single]},
        )
    analyzer.pump.run()
    scores = {email: row["deliverabilityScore"] for email, row in analyzer.results(otherwise).items()}
    assert scores == {"sales@startup.io": 93, **{f"user{number}@company.com": 93 for number in range(9)}}
    assert analyzer.results(otherwise)["sales@startup.io"]["leadStatus"] == "high-quality"
    assert analyzer.results(usual)["sales@startup.io"]["deliverabilityScore"] == 82
    assert analyzer.results(single)["sales@startup.io"]["deliverabilityScore"] == 93


@pytest.mark.parametrize(
    ("state", "code"),
    [("""status = 'failed'""", "upload_not_ready"), ('"rowsExpiredAt" = now()', "rows_expired")],
)
def test_a_list_that_is_not_there_is_not_analysed(analyzer: Analyzer, owner: Engine, state: str, code: str) -> None:
    analyzer.analyse(analyzer.load(LIST))
    with owner.begin() as connection:
        connection.execute(text(f"UPDATE uploads SET {state}"))
    analyzer.pump.run()
    assert [(job["status"], job["errorCode"]) for job in analyzer.query('SELECT * FROM "jobQueue"')] == [
        ("failed", code)
    ]


def test_the_same_list_again_asks_no_nameserver(analyzer: Analyzer) -> None:
    upload_id = analyzer.load(LIST)
    first = analyzer.analyse(upload_id)
    analyzer.pump.run()
    asked = analyzer.queries
    assert asked > 0
    second = analyzer.analyse(upload_id)
    analyzer.pump.run()
    assert analyzer.queries == asked
    verdicts = [
        {address: (row["status"], row["deliverabilityScore"]) for address, row in analyzer.results(run).items()}
        for run in (first, second)
    ]
    assert verdicts[0] == verdicts[1]
    summary = analyzer.query('SELECT * FROM "advancedAnalysis" ORDER BY "cachedDomains"')[1]
    assert summary["cachedDomains"] == summary["totalDomains"] > 0
    # All but the one that is no address: of that nobody is ever asked.
    assert summary["cachedEmails"] == summary["totalEmails"] - 1


def test_a_bulk_analysis_looks_at_hygiene_alone(analyzer: Analyzer) -> None:
    analysis_id = analyzer.analyse(analyzer.load([*LIST, "throwaway@mailinator.com"]), "bulk")
    analyzer.pump.run()
    results = analyzer.results(analysis_id)
    assert len(results) == 16
    john, sales = results["john@company.com"], results["sales@startup.io"]
    # Neither has a DMARC record, which counts for nothing here.
    assert (john["status"], john["deliverabilityScore"], john["riskLevel"]) == ("valid", 100, "low")
    assert (sales["reasons"], sales["isRoleBased"]) == (["role_account"], True)
    for row in results.values():
        told = {row[name] for name in ("leadStatus", "spfPass", "dkimPass", "dmarcPass", "dmarcPolicy")}
        assert told == {None}, row["emailAddress"]
    assert results["nobody@no-such-domain-here.com"]["subStatus"] == "domain_not_found"
    assert results["throwaway@mailinator.com"]["isDisposable"]
    (summary,) = analyzer.query('SELECT * FROM "bulkAnalysis"')
    assert (summary["totalEmails"], summary["processedEmails"], summary["disposableEmails"]) == (16, 16, 1)
    assert analyzer.query("SELECT status FROM analyses") == [{"status": "completed"}]


def test_a_bulk_and_an_advanced_analysis_share_what_is_known(analyzer: Analyzer) -> None:
    upload_id = analyzer.load(LIST)
    analyzer.analyse(upload_id, "bulk")
    analyzer.pump.run()
    asked = analyzer.queries
    analysis_id = analyzer.analyse(upload_id)
    analyzer.pump.run()
    assert analyzer.queries == asked > 0
    assert analyzer.results(analysis_id)["john@company.com"]["deliverabilityScore"] == 95


def test_what_is_suppressed_is_neither_scored_nor_are_its_domains_asked_about(analyzer: Analyzer) -> None:
    with analyzer.owner.begin() as connection:
        suppress(connection, analyzer.tenant, "JOHN@company.com", "nobody@no-such-domain-here.com", "startup.io")
    analysis_id = analyzer.analyse(analyzer.load([*LIST, "one@eu.startup.io"]))
    analyzer.pump.run()
    left_out = {"john@company.com", "sales@startup.io", "nobody@no-such-domain-here.com"}
    assert analyzer.results(analysis_id).keys() == {*LIST} - {*left_out, "JOHN@company.com", ""}
    (summary,) = analyzer.query('SELECT * FROM "advancedAnalysis"')
    assert (summary["totalEmails"], summary["processedEmails"], summary["totalDomains"]) == (12, 12, 2)
    assert {row["domain"] for row in analyzer.query("SELECT domain FROM domains")} == {"company.com", "gmail.com"}
    (planned,) = analyzer.query("""SELECT metadata FROM "jobLogs" WHERE message = 'planned the analysis'""")
    assert planned["metadata"] == planned["metadata"] | {"emails": 12, "suppressedEmails": 4}


def test_a_list_that_is_wholly_suppressed_is_analysed_at_once(analyzer: Analyzer) -> None:
    with analyzer.owner.begin() as connection:
        suppress(connection, analyzer.tenant, "company.com")
    analysis_id = analyzer.analyse(analyzer.load(["john@company.com", "eve@company.com"]))
    analyzer.pump.run()
    assert (analyzer.results(analysis_id), analyzer.queries) == ({}, 0)
    assert analyzer.query("SELECT status FROM analyses") == [{"status": "completed"}]


def test_facts_of_other_nameservers_are_neither_believed_nor_overwritten(analyzer: Analyzer) -> None:
    upload_id = analyzer.load(["john@company.com"])
    analyzer.analyse(upload_id)
    analyzer.pump.run()
    with serving(bundled_zone()) as other:
        asked = analyzer.queries
        analyzer.analyse(upload_id)
        analyzer.worker_asking(other).run()
        assert analyzer.queries > asked
    asked = analyzer.queries
    analyzer.analyse(upload_id)
    analyzer.pump.run()
    assert analyzer.queries == asked


def test_without_an_answer_every_row_is_unknown_and_one_notice_says_why(analyzer: Analyzer) -> None:
    addresses = [f"user@company-{number}.com" for number in range(80)]
    analysis_id = analyzer.analyse(analyzer.load(addresses))
    analyzer.worker_asking("127.0.0.1:1", seconds=0.2).run()
    results = analyzer.results(analysis_id).values()
    assert {row["status"] for row in results} == {"unknown"}
    assert len(results) == 80
    assert analyzer.query("SELECT status, notices FROM analyses") == [
        {"status": "completed", "notices": ["dns_unreachable"]}
    ]
    assert analyzer.query("SELECT * FROM domains WHERE facts IS NOT NULL") == []


def test_two_analyses_at_once_ask_about_each_domain_once(analyzer: Analyzer) -> None:
    upload_id = analyzer.load([f"user@{name}" for name in ("company.com", "startup.io", "gmail.com")])
    analyzer.analyse(upload_id)
    analyzer.pump.run()
    alone = analyzer.queries
    with analyzer.owner.begin() as connection:
        connection.execute(text("DELETE FROM domains"))
    analyzer.queries = 0
    runs = [analyzer.analyse(upload_id) for _ in range(2)]
    pumps = [threading.Thread(target=analyzer.pump.run) for _ in range(2)]
    for pump in pumps:
        pump.start()
    for pump in pumps:
        pump.join()
    with analyzer.worker.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET "dueAt" = now() WHERE status = 'pending'"""))
    analyzer.pump.run()
    assert analyzer.queries == alone
    assert [len(analyzer.results(run)) for run in runs] == [3, 3]


def test_a_single_address_is_answered_in_one_job(analyzer: Analyzer) -> None:
    analysis_id = analyzer.ask_about("john@company.com")
    assert analyzer.pump.run() == 1
    assert analyzer.results(analysis_id)["john@company.com"]["deliverabilityScore"] == 95
    summary = analyzer.query('SELECT * FROM "singleAnalysis"')[0]
    assert (summary["status"], summary["deliverabilityScore"]) == ("valid", 95)
    evidence = summary["evidence"]
    assert evidence["version"] == FACTS_VERSION
    assert evidence["address"]["normalized"] == "john@company.com"
    facts = evidence["domain"]["facts"]
    assert [host["addresses"] for host in facts["mx"]] == [["192.0.2.10"]]
    assert (facts["spf"]["record"], facts["dkim"]["selector"], facts["dmarc"]["detail"]) == (
        "v=spf1 mx -all",
        "default",
        "none",
    )


@pytest.mark.parametrize(
    ("address", "where", "entry"),
    [
        ("a@mailinator.com", ("domain", "hit"), ("disposable-email-domains", "mailinator.com")),
        ("sales@startup.io", ("role",), ("roles", "sales")),
        ("y.tan@for-sale.example", ("domain", "parking"), ("parking", "sedoparking.com")),
        ("l.fischer@example.edu", ("domain", "education"), ("education", "edu")),
        ("billing.noreply@startup.io", ("noReply",), ("no_reply", "no-reply")),
        ("test1@startup.io", ("test",), ("test", "test")),
    ],
)
def test_the_evidence_names_the_entry_of_each_list(
    analyzer: Analyzer, address: str, where: tuple[str, ...], entry: tuple[str, str]
) -> None:
    hit = analyzer.check(address)
    for key in where:
        hit = hit[key]
    assert (hit["listName"], hit["entry"]) == entry
    assert hit["version"]


def test_an_address_at_an_ip_address_is_answered_without_a_question(analyzer: Analyzer) -> None:
    evidence = analyzer.check("john@[192.0.2.1]")
    assert (evidence["domain"], evidence["literal"]) == (None, "public")
    [summary] = analyzer.query('SELECT status, "deliverabilityScore" FROM "singleAnalysis"')
    assert summary == {"status": "risky", "deliverabilityScore": 30}
    assert analyzer.queries == 0


def test_a_list_with_addresses_at_ip_addresses_asks_about_its_domains_alone(analyzer: Analyzer) -> None:
    analysis_id = analyzer.analyse(analyzer.load(["john@[192.0.2.1]", '"john..smith"@company.com', "john@company.com"]))
    analyzer.pump.run()
    found = analyzer.results(analysis_id)
    assert (found["john@[192.0.2.1]"]["subStatus"], found["john@[192.0.2.1]"]["domain"]) == ("address_literal", None)
    assert found['"john..smith"@company.com']["subStatus"] == "quoted_local_part"
    assert analyzer.query("SELECT domain FROM domains") == [{"domain": "company.com"}]


def test_any_text_can_be_checked(analyzer: Analyzer) -> None:
    evidence = analyzer.check("no address at all")
    assert evidence["domain"] is None
    assert evidence["address"]["reason"] == "syntax_no_at"


def test_a_domain_whose_facts_are_kept_is_asked_about_by_nobody(analyzer: Analyzer) -> None:
    first = analyzer.check("john@company.com")
    asked = analyzer.queries
    with analyzer.owner.begin() as connection:
        connection.execute(text('DELETE FROM "singleAnalysis"'))
    assert analyzer.check("john@company.com") == first
    assert analyzer.queries == asked


def test_a_single_address_that_is_suppressed_meanwhile_is_not_analysed(analyzer: Analyzer) -> None:
    with analyzer.owner.begin() as connection:
        suppress(connection, analyzer.tenant, "company.com")
        analysis_id = make_analysis(connection, analyzer.tenant, None, "single")
        connection.execute(
            text("""INSERT INTO "singleAnalysis" ("analysisId", "emailAddress") VALUES (:id, 'john@Company.com')"""),
            {"id": analysis_id},
        )
        enqueue(connection, analyzer.tenant, JobType.SINGLE_ANALYSIS, Subject(analysis_id=analysis_id))
    analyzer.pump.run()
    assert analyzer.query('SELECT status, "errorCode" FROM analyses') == [
        {"status": "failed", "errorCode": "address_suppressed"}
    ]
    assert analyzer.queries == 0

from __future__ import annotations

import threading
import time
import uuid
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text

from mailsift.api.app import create_app
from mailsift.api.config import ApiSettings
from mailsift.api.deps import wire

RESULT = """
    INSERT INTO "advancedEmailResults" VALUES (
        CAST(:id AS uuid), :n, :address, :address, :domain, :status, :sub, :score, :lead, :risk,
        true, true, false, false, false, false, true, true, 'mx.' || :domain, true, null, false, 'none', null, false,
        '{no_dmarc}', '[["base", 100], ["no_dmarc", -5]]', 1)"""


def completed_upload(client: Any, rows: Any) -> str:
    upload_id: str = client.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    return upload_id


def analysis(client: Any, rows: Any) -> str:
    body = {"uploadId": completed_upload(client, rows), "analysisType": "advanced"}
    response = client.post("/api/analyses", json=body)
    assert response.status_code == 202, response.text
    analysis_id: str = response.get_json()["analysisId"]
    return analysis_id


def add_result(rows: Any, analysis_id: str, n: int, **change: Any) -> None:
    known = {
        "address": f"a{n}@example.com",
        "domain": "example.com",
        "status": "valid",
        "sub": "domain_accepts_mail",
        "score": 95,
        "lead": "high-quality",
        "risk": "low",
    }
    rows(RESULT, id=analysis_id, n=n, **{**known, **change})


def test_an_analysis_of_a_list_is_queued_with_its_summary(client: Any, rows: Any) -> None:
    analysis_id = analysis(client, rows)
    (row,) = rows('SELECT * FROM analyses JOIN "advancedAnalysis" USING ("analysisId")')
    assert (str(row["analysisId"]), row["analysisType"], row["status"]) == (analysis_id, "advanced", "pending")
    (job,) = rows("""SELECT * FROM "jobQueue" WHERE "jobType" = 'advanced_analysis'""")
    assert str(job["analysisId"]) == analysis_id
    assert job["payload"] == {"analysisType": "advanced"}
    (activity,) = rows("""SELECT * FROM "userActivities" WHERE "activityType" = 'analysis_requested'""")
    assert str(activity["entityId"]) == analysis_id


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"analysisType": "advanced"}, {"uploadId"}),
        ({"analysisType": "advanced", "uploadId": "x"}, {"uploadId"}),
        ({"analysisType": "single"}, {"emailAddress"}),
        ({"analysisType": "single", "emailAddress": "a@example.com", "uploadId": str(uuid.uuid4())}, {"uploadId"}),
        ({"analysisType": "bulk"}, {"uploadId"}),
        ({"analysisType": "every"}, {"analysisType"}),
        ({"analysis_type": "single", "emailAddress": "a@example.com"}, {"analysisType", "analysis_type"}),
        ({}, {"analysisType"}),
    ],
)
def test_a_bad_request_names_its_fields(client: Any, body: Any, fields: set[str]) -> None:
    response = client.post("/api/analyses", json=body)
    assert response.status_code == 422
    assert {fault["field"] for fault in response.get_json()["errors"]} == fields


def test_a_single_address_is_answered_when_its_job_ends_in_time(client: Any, rows: Any, worker: Any) -> None:
    def work() -> None:
        while not (found := rows("""SELECT * FROM "jobQueue" WHERE "jobType" = 'single_analysis'""")):
            time.sleep(0.02)
        time.sleep(0.1)
        add_result(rows, str(found[0]["analysisId"]), 1)
        with worker.begin() as connection:
            connection.execute(text("""UPDATE "jobQueue" SET status = 'completed', progress = 100"""))
            connection.execute(text("UPDATE analyses SET status = 'completed'"))
            connection.execute(text("SELECT pg_notify('job_progress', :id)"), {"id": str(found[0]["jobId"])})

    thread = threading.Thread(target=work)
    thread.start()
    response = client.post("/api/analyses", json={"analysisType": "single", "emailAddress": "a1@example.com"})
    thread.join()
    assert response.status_code == 200
    body = response.get_json()
    assert body["status"] == "completed"
    assert (body["result"]["emailAddress"], body["result"]["analysisId"]) == ("a1@example.com", body["analysisId"])
    assert body["result"]["scoreBreakdown"] == [{"reason": "base", "points": 100}, {"reason": "no_dmarc", "points": -5}]


def test_a_single_address_that_takes_longer_is_answered_later(client: Any) -> None:
    started = time.monotonic()
    response = client.post("/api/analyses", json={"analysisType": "single", "emailAddress": "a1@example.com"})
    assert response.status_code == 202
    assert 1.9 < time.monotonic() - started < 4
    assert response.get_json()["result"] is None


def test_nobody_waits_who_does_not_want_to(client: Any) -> None:
    started = time.monotonic()
    response = client.post("/api/analyses?wait=0", json={"analysisType": "single", "emailAddress": "a1@example.com"})
    assert response.status_code == 202
    assert time.monotonic() - started < 1


def test_without_a_free_place_nobody_waits(client: Any, settings: ApiSettings) -> None:
    with closing(wire(settings.model_copy(update={"wait_seconds": 60}))) as parts:
        client._client = create_app(parts).test_client()
        assert parts.watcher.places.take(client.tenant.workspace_id)
        started = time.monotonic()
        body = {"analysisType": "single", "emailAddress": "a1@example.com"}
        assert client.post("/api/analyses", json=body).status_code == 202
        assert time.monotonic() - started < 30


def test_counts_come_with_every_key(client: Any, rows: Any) -> None:
    analysis_id = analysis(client, rows)
    rows("""UPDATE "advancedAnalysis" SET "totalEmails" = 5, "processedEmails" = 3, "validEmails" = 2,
            "riskyEmails" = 1, "highQualityLeads" = 2, "lowQualityLeads" = 1, "mediumRiskEmails" = 1,
            "corporateEmails" = 2""")
    rows("UPDATE analyses SET notices = '{dns_unreachable}'")
    shown = client.get(f"/api/analyses/{analysis_id}").get_json()
    assert (shown["totalEmails"], shown["processedEmails"], shown["corporateEmails"]) == (5, 3, 2)
    assert shown["byStatus"] == {"valid": 2, "risky": 1, "invalid": 0, "unknown": 0}
    assert shown["byLeadStatus"] == {
        "high-quality": 2,
        "medium-quality": 0,
        "low-quality": 1,
        "invalid": 0,
        "unknown": 0,
    }
    assert shown["byRiskLevel"] == {"low": 0, "medium": 1, "high": 0, "unknown": 0}
    assert shown["notices"] == ["dns_unreachable"]
    assert client.get("/api/analyses").get_json()["items"] == [shown]


def test_a_bulk_analysis_counts_all_but_leads(client: Any, rows: Any) -> None:
    body = {"uploadId": completed_upload(client, rows), "analysisType": "bulk"}
    analysis_id = client.post("/api/analyses", json=body).get_json()["analysisId"]
    assert rows('SELECT "jobType" FROM "jobQueue" WHERE "analysisId" IS NOT NULL') == [{"jobType": "bulk_analysis"}]
    rows("""UPDATE "bulkAnalysis" SET "totalEmails" = 5, "processedEmails" = 3, "validEmails" = 2, "riskyEmails" = 1,
            "cachedEmails" = 4, "mediumRiskEmails" = 1""")
    shown = client.get(f"/api/analyses/{analysis_id}").get_json()
    assert (shown["analysisType"], shown["totalEmails"], shown["cachedEmails"]) == ("bulk", 5, 4)
    assert shown["byStatus"] == {"valid": 2, "risky": 1, "invalid": 0, "unknown": 0}
    assert shown["byRiskLevel"]["medium"] == 1
    assert shown["byLeadStatus"] is None
    add_result(rows, analysis_id, 1, lead=None)
    (result,) = client.get(f"/api/analyses/{analysis_id}/results").get_json()["items"]
    assert result["leadStatus"] is None
    assert client.get("/api/analyses").get_json()["items"] == [shown]


def test_a_single_analysis_counts_its_one_address(client: Any, rows: Any) -> None:
    body = {"analysisType": "single", "emailAddress": "a1@example.com"}
    analysis_id = client.post("/api/analyses?wait=0", json=body).get_json()["analysisId"]
    shown = client.get(f"/api/analyses/{analysis_id}").get_json()
    assert (shown["emailAddress"], shown["totalEmails"], shown["processedEmails"]) == ("a1@example.com", 1, 0)
    assert sum(shown["byStatus"].values()) == 0
    add_result(rows, analysis_id, 1)
    shown = client.get(f"/api/analyses/{analysis_id}").get_json()
    assert (shown["processedEmails"], shown["corporateEmails"]) == (1, 1)
    assert shown["byStatus"] == {"valid": 1, "risky": 0, "invalid": 0, "unknown": 0}


def test_a_single_analysis_shows_what_its_verdict_stands_on(client: Any, rows: Any) -> None:
    body = {"analysisType": "single", "emailAddress": "a1@example.com"}
    analysis_id = client.post("/api/analyses?wait=0", json=body).get_json()["analysisId"]
    assert client.get(f"/api/analyses/{analysis_id}").get_json()["evidence"] is None
    rows("""UPDATE "singleAnalysis" SET evidence = '{"version": 3, "role": null}' """)
    assert client.get(f"/api/analyses/{analysis_id}").get_json()["evidence"] == {"version": 3, "role": None}
    assert client.get("/api/analyses").get_json()["items"][0]["evidence"] is None


def test_results_come_in_pages_in_the_order_of_the_list(client: Any, rows: Any) -> None:
    analysis_id = analysis(client, rows)
    for n in (1, 2, 4, 7, 9):
        add_result(rows, analysis_id, n)
    seen: list[int] = []
    cursor = ""
    while True:
        page = client.get(f"/api/analyses/{analysis_id}/results?limit=2{cursor}").get_json()
        seen += [item["sequenceNumber"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [1, 2, 4, 7, 9]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("status=invalid", [2]),
        ("subStatus=no_such_domain", [2]),
        ("leadStatus=medium-quality", [3]),
        ("riskLevel=high", [2]),
        ("domain=EXAMPLE.org", [3]),
        ("minScore=82", [1, 3]),
        ("maxScore=82", [2, 3]),
        ("minScore=80&maxScore=90", [3]),
        ("text=SALES", [3]),
        ("text=a%25", []),
        ("status=valid&domain=example.com", [1]),
    ],
)
def test_results_are_filtered(client: Any, rows: Any, query: str, numbers: list[int]) -> None:
    analysis_id = analysis(client, rows)
    add_result(rows, analysis_id, 1)
    add_result(rows, analysis_id, 2, status="invalid", sub="no_such_domain", score=0, lead="invalid", risk="high")
    add_result(rows, analysis_id, 3, address="sales@example.org", domain="example.org", score=82, lead="medium-quality")
    page = client.get(f"/api/analyses/{analysis_id}/results?{query}").get_json()
    assert [item["sequenceNumber"] for item in page["items"]] == numbers


@pytest.mark.parametrize(
    "query",
    ["status=good", "limit=1001", "limit=0", "cursor=x", "minScore=101", "minScore=9&maxScore=3", "text=%00", "page=2"],
)
def test_a_filter_that_makes_no_sense_is_refused(client: Any, rows: Any, query: str) -> None:
    response = client.get(f"/api/analyses/{analysis(client, rows)}/results?{query}")
    assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed")


def test_a_list_past_its_time_is_not_analysed(client: Any, rows: Any) -> None:
    body = {"uploadId": completed_upload(client, rows), "analysisType": "advanced"}
    rows('UPDATE uploads SET "rowsExpiredAt" = now()')
    refused = client.post("/api/analyses", json=body)
    assert (refused.status_code, refused.get_json()["code"]) == (410, "rows_expired")
    assert rows("SELECT FROM analyses") == []


def test_results_past_their_time_are_gone_and_their_counts_are_not(client: Any, rows: Any) -> None:
    analysis_id = analysis(client, rows)
    add_result(rows, analysis_id, 1)
    rows('UPDATE analyses SET "rowsExpiredAt" = now()')
    assert client.get(f"/api/analyses/{analysis_id}").get_json()["rowsExpiredAt"]
    gone = client.get(f"/api/analyses/{analysis_id}/results")
    assert (gone.status_code, gone.get_json()["code"]) == (410, "rows_expired")


def test_a_result_has_every_field_of_its_row(client: Any, rows: Any) -> None:
    analysis_id = analysis(client, rows)
    add_result(rows, analysis_id, 1)
    (row,) = rows('SELECT * FROM "advancedEmailResults"')
    (item,) = client.get(f"/api/analyses/{analysis_id}/results").get_json()["items"]
    assert item.keys() == {*row, "evidence"}
    assert item["analysisId"] == analysis_id
    different = {name for name, value in item.items() if value != row.get(name)}
    assert different == {"analysisId", "canonicalAddress", "scoreBreakdown"}
    assert (item["canonicalAddress"], item["evidence"]) == (item["normalizedAddress"], None)


def test_the_same_key_makes_one_analysis_and_another_body_is_refused(client: Any, rows: Any) -> None:
    key = {"Idempotency-Key": "a"}
    upload_id = completed_upload(client, rows)
    body = {"uploadId": upload_id, "analysisType": "advanced"}
    first = client.post("/api/analyses", json=body, headers=key)
    again = client.post("/api/analyses", json=dict(reversed(body.items())), headers=key)
    assert first.get_json() == again.get_json()
    assert len(rows("SELECT * FROM analyses")) == 1
    single = {"analysisType": "single", "emailAddress": "a@example.com"}
    other = client.post("/api/analyses?wait=0", json=single, headers=key)
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")


def test_an_answer_that_was_an_error_is_not_kept(client: Any, rows: Any) -> None:
    key = {"Idempotency-Key": "b"}
    body = {"uploadId": client.upload()["uploadId"], "analysisType": "advanced"}
    rows("UPDATE uploads SET status = 'failed'")
    assert client.post("/api/analyses", json=body, headers=key).status_code == 409
    rows("UPDATE uploads SET status = 'completed'")
    assert client.post("/api/analyses", json=body, headers=key).status_code == 202

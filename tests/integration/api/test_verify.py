from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Engine, text

from mailsift.api.app import create_app
from mailsift.api.config import ApiSettings
from mailsift.api.deps import Deps, wire

EMAILS = {"emails": ["ann@example.com", "bob@example.org"]}

RESULT = """
    INSERT INTO "advancedEmailResults" ("analysisId", "sequenceNumber", "emailAddress", "normalizedAddress", domain,
        status, "subStatus", "deliverabilityScore", "leadStatus", "riskLevel", "isValidSyntax", "isCorporate", "isFree",
        "isDisposable", "isRelay", "isRoleBased", "mailboxChecked", reasons, "scoreBreakdown", "scoreVersion")
    SELECT "analysisId", n, a, a, split_part(a, '@', 2), 'valid', 'domain_accepts_mail', 95, 'high-quality', 'low',
        true, true, false, false, false, n = 2, false, '{}', '[["base", 95]]', 1
    FROM "singleAnalysis", unnest("emailAddresses") WITH ORDINALITY AS asked(a, n)"""


@pytest.fixture
def patient(client: Any, settings: ApiSettings) -> Iterator[Deps]:
    """Let the client's requests wait for a minute, however slow the machine."""
    with closing(wire(settings.model_copy(update={"wait_seconds": 60}))) as parts:
        client._client = create_app(parts).test_client()
        yield parts


def finish(rows: Any, worker: Engine) -> None:
    """Do what the analyzer does, once the job is there."""
    deadline = time.monotonic() + 60
    while not (jobs := rows("""SELECT * FROM "jobQueue" WHERE "jobType" = 'single_analysis'""")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    rows(RESULT)
    rows("""UPDATE "singleAnalysis" SET "cachedEmails" = 1, evidence = '[{"version": 1}, {"version": 2}]'""")
    with worker.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET status = 'completed', progress = 100"""))
        connection.execute(text("UPDATE analyses SET status = 'completed'"))
        connection.execute(text("SELECT pg_notify('job_progress', :id)"), {"id": str(jobs[0]["jobId"])})


@pytest.mark.usefixtures("patient")
def test_addresses_are_answered_when_their_job_ends_in_time(client: Any, rows: Any, worker: Engine) -> None:
    analyzer = threading.Thread(target=finish, args=(rows, worker))
    analyzer.start()
    response = client.post("/api/verify", json=EMAILS)
    analyzer.join()
    assert response.status_code == 200, response.text
    body = response.get_json()
    assert (body["status"], body["totalEmails"], body["processedEmails"], body["cachedEmails"]) == (
        "completed",
        2,
        2,
        1,
    )
    assert [(each["sequenceNumber"], each["emailAddress"]) for each in body["results"]] == [
        (1, "ann@example.com"),
        (2, "bob@example.org"),
    ]
    assert [each["evidence"] for each in body["results"]] == [{"version": 1}, {"version": 2}]
    assert [each["canonicalAddress"] for each in body["results"]] == EMAILS["emails"]
    shown = client.get(f"/api/analyses/{body['analysisId']}").get_json()
    assert (shown["emailAddress"], shown["emailAddresses"]) == (None, EMAILS["emails"])
    assert (shown["totalEmails"], shown["processedEmails"], shown["totalDomains"]) == (2, 2, 2)
    assert (shown["byStatus"]["valid"], shown["roleBasedEmails"], shown["cachedEmails"]) == (2, 1, 1)
    assert client.get("/api/analyses").get_json()["items"] == [shown]


def test_addresses_that_take_longer_are_answered_later(client: Any, rows: Any, worker: Engine) -> None:
    response = client.post("/api/verify", json=EMAILS)
    assert response.status_code == 202
    body = response.get_json()
    assert (body["status"], body["results"]) == ("pending", None)
    assert response.headers["Location"] == f"/api/analyses/{body['analysisId']}"
    finish(rows, worker)
    assert client.get(body["statusUrl"]).get_json()["job"]["status"] == "completed"
    later = client.get(f"{response.headers['Location']}/results").get_json()["items"]
    assert [each["emailAddress"] for each in later] == EMAILS["emails"]
    assert [each["evidence"] for each in later] == [{"version": 1}, {"version": 2}]


def test_nobody_waits_who_does_not_want_to_or_finds_no_place(client: Any, patient: Deps) -> None:
    started = time.monotonic()
    assert client.post("/api/verify?wait=0", json=EMAILS).status_code == 202
    while patient.watcher.places.take(client.tenant.workspace_id):
        pass
    assert client.post("/api/verify", json=EMAILS).status_code == 202
    assert time.monotonic() - started < 30


def test_the_same_key_makes_one_analysis_and_shows_its_answers_when_they_are_there(
    client: Any, rows: Any, worker: Engine
) -> None:
    key = {"Idempotency-Key": "v"}
    first = client.post("/api/verify?wait=0", json=EMAILS, headers=key)
    finish(rows, worker)
    again = client.post("/api/verify", json=EMAILS, headers=key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.get_json()["analysisId"] == again.get_json()["analysisId"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(again.get_json()["results"]) == 2
    other = client.post("/api/verify?wait=0", json={"emails": ["c@example.com"]}, headers=key)
    assert other.get_json()["code"] == "idempotency_key_reused"


def test_what_is_suppressed_is_refused_only_when_nothing_else_is_asked_for(client: Any, rows: Any) -> None:
    client.post("/api/suppressions", json={"values": ["example.com"]})
    assert client.post("/api/verify?wait=0", json=EMAILS).status_code == 202
    refused = client.post("/api/verify?wait=0", json={"emails": ["ANN@example.com"]})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "address_suppressed")
    assert len(rows("SELECT FROM analyses")) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "emails"),
        ({"emails": []}, "emails"),
        ({"emails": ["a@example.com"] * 101}, "emails"),
        ({"emails": ["a@example.com", "b\n"]}, "emails.1"),
        ({"emails": ["x" * 1001]}, "emails.0"),
        ({"emails": "a@example.com"}, "emails"),
        ({"emails": ["a@example.com"], "wait": 0}, "wait"),
    ],
)
def test_a_bad_request_names_its_fields(client: Any, rows: Any, body: Any, field: str) -> None:
    response = client.post("/api/verify", json=body)
    assert (response.status_code, response.get_json()["errors"][0]["field"]) == (422, field)
    assert rows("SELECT FROM analyses") == []


def test_another_workspace_sees_nothing_of_it(client: Any, stranger: Any) -> None:
    body = client.post("/api/verify?wait=0", json=EMAILS).get_json()
    assert stranger.get(f"/api/analyses/{body['analysisId']}").status_code == 404
    assert stranger.get(f"/api/analyses/{uuid.uuid4()}").status_code == 404

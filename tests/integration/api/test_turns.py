"""When the turn of a job comes: `scheduledFor`, `priority`, and what a pending job says it waits for."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any
from urllib.parse import quote

import pytest

LATER = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)).isoformat(timespec="seconds")
PASSED = (dt.datetime.now(dt.UTC) - dt.timedelta(days=2)).isoformat(timespec="seconds")


def ask(client: Any, rows: Any, what: str, **wanted: Any) -> Any:
    """Ask for an upload, an analysis or an export."""
    if what == "uploads":
        query = "&".join(f"{name}={quote(str(value))}" for name, value in wanted.items())
        return client.post(f"/api/uploads?{query}", data=b"a@example.com", headers={"Content-Type": "text/csv"})
    upload_id = client.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    body = {"analysisType": "advanced", "uploadId": upload_id}
    if what == "analyses":
        return client.post("/api/analyses", json={**body, **wanted})
    analysis_id = client.post("/api/analyses", json=body).get_json()["analysisId"]
    rows("UPDATE analyses SET status = 'completed'")
    return client.post("/api/exports", json={"analysisId": analysis_id, **wanted})


def job_of(client: Any, response: Any) -> dict[str, Any]:
    assert response.status_code == 202, response.text
    found: dict[str, Any] = client.get(f"/api/jobs/{response.get_json()['jobId']}").get_json()["job"]
    return found


ALL = pytest.mark.parametrize("what", ["uploads", "analyses", "exports"])


@ALL
def test_a_job_waits_for_its_time_and_shows_its_priority(client: Any, rows: Any, what: str) -> None:
    job = job_of(client, ask(client, rows, what, scheduledFor=LATER, priority=7))
    assert dt.datetime.fromisoformat(job["scheduledFor"]) == dt.datetime.fromisoformat(LATER)
    assert (job["priority"], job["status"], job["waitsFor"]) == (7, "pending", "time")
    (row,) = rows('SELECT "dueAt", "scheduledFor" FROM "jobQueue" ORDER BY "createdAt" DESC LIMIT 1')
    assert row["dueAt"] == row["scheduledFor"]


@ALL
def test_a_time_that_has_passed_is_now(client: Any, rows: Any, what: str) -> None:
    job = job_of(client, ask(client, rows, what, scheduledFor=PASSED))
    assert (job["scheduledFor"], job["priority"], job["waitsFor"]) == (None, 0, "worker")
    (row,) = rows("""SELECT "dueAt" > now() - interval '1 minute' AS is_now FROM "jobQueue"
                     ORDER BY "createdAt" DESC LIMIT 1""")
    assert row["is_now"], "it would go before all others"


@ALL
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheduledFor", "9000-01-01T00:00:00Z"),
        ("scheduledFor", "2026-11-30T08:00:00"),
        ("scheduledFor", "soon"),
        ("priority", 11),
        ("priority", -1),
        ("priority", 1.5),
    ],
)
def test_a_turn_that_makes_no_sense_is_refused(client: Any, rows: Any, what: str, field: str, value: Any) -> None:
    response = ask(client, rows, what, **{field: value})
    assert (response.status_code, [fault["field"] for fault in response.get_json()["errors"]]) == (422, [field])


def test_a_plus_that_became_a_space_is_explained(client: Any) -> None:
    response = client.post("/api/uploads?scheduledFor=2026-11-30T08:00:00+01:00", data=b"a@example.com")
    assert "%2B" in response.get_json()["detail"]


def test_a_chain_begins_at_its_time_and_keeps_its_priority(client: Any) -> None:
    query = f"analysisType=advanced&exportType=csv&priority=3&scheduledFor={quote(LATER)}"
    body = client.post(f"/api/uploads?{query}", data=b"a@example.com", headers={"Content-Type": "text/csv"}).get_json()
    jobs = [
        client.get(f"/api/jobs/{made['jobId']}").get_json()["job"] for made in (body, body["analysis"], body["export"])
    ]
    assert [(job["priority"], job["waitsFor"]) for job in jobs] == [(3, "time"), (3, "job"), (3, "job")]
    assert [job["scheduledFor"] is None for job in jobs] == [False, True, True]


def test_nobody_waits_for_an_address_that_is_to_be_analysed_later(client: Any) -> None:
    started = time.monotonic()
    body = {"analysisType": "single", "emailAddress": "a@example.com", "scheduledFor": LATER}
    job = job_of(client, client.post("/api/analyses", json=body))
    assert time.monotonic() - started < 1
    assert (job["priority"], job["waitsFor"]) == (5, "time")


@pytest.mark.parametrize(
    ("change", "waits_for"),
    [
        ("priority = 1", "worker"),
        ("""status = 'processing'""", None),
        ("""status = 'completed'""", None),
        (""""retryAfter" = now() + interval '1 minute', "dueAt" = now() + interval '1 minute'""", "retry"),
        (""""retryAfter" = now() - interval '1 minute'""", "worker"),
        (""""dueAt" = now() + interval '1 minute'""", "time"),
        (""""dueAt" = 'infinity'""", "job"),
    ],
)
def test_a_pending_job_says_what_it_waits_for(client: Any, rows: Any, change: str, waits_for: str | None) -> None:
    job_id = client.upload()["jobId"]
    rows(f'UPDATE "jobQueue" SET {change}')
    assert client.get(f"/api/jobs/{job_id}").get_json()["job"]["waitsFor"] == waits_for
    assert client.get("/api/jobs").get_json()["jobs"][0]["waitsFor"] == waits_for


def test_a_job_whose_queue_is_held_back_says_so(client: Any, rows: Any) -> None:
    job_id = client.upload()["jobId"]
    rows("""INSERT INTO "pausedQueues" (queue) VALUES ('analyzer.domains')""")
    assert client.get(f"/api/jobs/{job_id}").get_json()["job"]["waitsFor"] == "worker"
    rows("""INSERT INTO "pausedQueues" (queue) VALUES ('ingest.files')""")
    assert client.get(f"/api/jobs/{job_id}").get_json()["job"]["waitsFor"] == "queue"

"""Jobs per hour, by plan."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from factories import make_tenant
from mailsift.shared.plans import Plan

LIST = {"data": b"a@example.com", "headers": {"Content-Type": "text/csv"}}
WHOLE = "analysisType=advanced&exportType=csv"
SINGLE = {"analysisType": "single", "emailAddress": "a@example.com"}


@pytest.fixture
def free(client: Any, http: FlaskClient, owner: Engine) -> Any:
    """A tenant on the free plan."""
    with owner.begin() as connection:
        return type(client)(http, make_tenant(connection, "Free", plan=Plan.FREE))


@pytest.fixture
def left(free: Any, rows: Any) -> Callable[[float], None]:
    """Leave so many jobs in the bucket of the free tenant."""

    def leave(jobs: float) -> None:
        rows(
            """INSERT INTO "rateLimits" (key, "workspaceId", tokens, capacity, "refillPerSecond")
               VALUES ('jobs:' || :workspace, CAST(:workspace AS uuid), :jobs, 100, 100 / 3600.0)
               ON CONFLICT (key) DO UPDATE SET tokens = :jobs, "updatedAt" = clock_timestamp()""",
            workspace=str(free.tenant.workspace_id),
            jobs=jobs,
        )

    return leave


def tokens(rows: Any) -> int:
    (bucket,) = rows('SELECT tokens FROM "rateLimits"')
    return round(float(bucket["tokens"]))


def test_every_job_that_is_asked_for_counts(free: Any, rows: Any) -> None:
    free.upload()
    assert rows('SELECT key, capacity, round("refillPerSecond" * 3600) AS an_hour FROM "rateLimits"') == [
        {"key": f"jobs:{free.tenant.workspace_id}", "capacity": 100, "an_hour": 100}
    ]
    assert tokens(rows) == 99
    made = free.post(f"/api/uploads?{WHOLE}", **LIST).get_json()
    assert tokens(rows) == 96
    free.post("/api/analyses?wait=0", json=SINGLE)
    assert tokens(rows) == 95
    free.post("/api/analyses", json={"analysisType": "advanced", "uploadId": made["uploadId"]})
    free.post("/api/exports", json={"analysisId": made["analysis"]["analysisId"]})
    assert tokens(rows) == 93


def test_beyond_the_plan_nothing_is_kept_of_a_request(
    free: Any, rows: Any, left: Callable[[float], None], stored_objects: Callable[[], list[Path]]
) -> None:
    left(2)
    response = free.post(f"/api/uploads?{WHOLE}", **LIST)
    assert (response.status_code, response.get_json()["code"]) == (429, "job_quota_exceeded")
    assert "free plan has 100 jobs an hour" in response.get_json()["detail"]
    assert 34 <= int(response.headers["Retry-After"]) <= 36
    assert stored_objects() == rows("SELECT FROM uploads") == rows('SELECT FROM "userActivities"') == []
    assert tokens(rows) == 2
    assert free.upload()
    assert tokens(rows) == 1


@pytest.mark.parametrize("path", ["/api/analyses?wait=0", "/api/exports"])
def test_no_kind_of_job_goes_beyond_the_plan(free: Any, rows: Any, left: Callable[[float], None], path: str) -> None:
    made = free.post(f"/api/uploads?{WHOLE}", **LIST).get_json()
    left(0)
    body = SINGLE if "analyses" in path else {"analysisId": made["analysis"]["analysisId"]}
    before = rows('SELECT count(*) AS n FROM "jobQueue"')
    response = free.post(path, json=body)
    assert (response.status_code, response.get_json()["code"]) == (429, "job_quota_exceeded")
    assert rows('SELECT count(*) AS n FROM "jobQueue"') == before


def test_a_request_that_is_repeated_or_refused_takes_nothing(
    free: Any, rows: Any, left: Callable[[float], None], no_such_id: str
) -> None:
    key = {"Idempotency-Key": "once"}
    first = free.upload(**key)
    left(0.5)
    assert free.upload(**key) == first
    assert free.post("/api/exports", json={"analysisId": no_such_id}).status_code == 404
    assert free.post("/api/analyses", json={}).status_code == 422
    rows("UPDATE uploads SET status = 'failed'")
    body = {"analysisType": "advanced", "uploadId": first["uploadId"]}
    assert free.post("/api/analyses", json=body).status_code == 409
    (bucket,) = rows('SELECT tokens FROM "rateLimits"')
    assert bucket["tokens"] == 0.5


def test_a_start_counts_all_its_jobs(free: Any, rows: Any, left: Callable[[float], None]) -> None:
    upload_id = free.post("/api/uploads?preview=true", **LIST).get_json()["uploadId"]
    rows("""UPDATE "jobQueue" SET status = 'completed'""")
    left(2)
    body = {"analysisType": "advanced", "exportType": "csv"}
    refused = free.post(f"/api/uploads/{upload_id}/start", json=body)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "job_quota_exceeded")
    assert rows("SELECT status FROM uploads") == [{"status": "preview"}]
    assert free.post(f"/api/uploads/{upload_id}/start", json={"analysisType": "advanced"}).status_code == 202
    assert tokens(rows) == 0


def test_a_retry_takes_nothing(free: Any, rows: Any, left: Callable[[float], None]) -> None:
    job_id = free.upload()["jobId"]
    rows("""UPDATE "jobQueue" SET status = 'failed'""")
    left(0)
    assert free.post(f"/api/jobs/{job_id}/retry").status_code == 202


def test_requests_at_once_share_what_is_left(free: Any, rows: Any, left: Callable[[float], None]) -> None:
    left(3)
    statuses: list[int] = []
    start = threading.Barrier(6)

    def send() -> None:
        start.wait()
        statuses.append(free.post("/api/analyses?wait=0", json=SINGLE).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [202] * 3 + [429] * 3
    assert len(rows('SELECT FROM "jobQueue"')) == 3


def test_each_workspace_has_its_own_and_some_have_no_limit(
    free: Any, client: Any, rows: Any, left: Callable[[float], None]
) -> None:
    left(0)
    assert free.post("/api/analyses?wait=0", json=SINGLE).status_code == 429
    assert client.post("/api/analyses?wait=0", json=SINGLE).status_code == 202
    assert len(rows('SELECT FROM "rateLimits"')) == 1


def test_a_plan_that_is_changed_holds_at_once(free: Any, rows: Any, left: Callable[[float], None]) -> None:
    left(0)
    rows("UPDATE workspaces SET plan = 'unlimited'")
    assert free.post("/api/analyses?wait=0", json=SINGLE).status_code == 202
    rows("UPDATE workspaces SET plan = 'free'")
    assert free.post("/api/analyses?wait=0", json=SINGLE).status_code == 429

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text

from factories import make_tenant
from mailsift.api.deps import Deps


@pytest.fixture
def job_id(client: Any) -> str:
    made: str = client.upload()["jobId"]
    return made


def child_of(rows: Any, job_id: str) -> str:
    (row,) = rows(
        """INSERT INTO "jobQueue" ("workspaceId", "userId", "uploadId", "parentJobId", "childKey", "jobType", queue,
                                   "traceId")
           SELECT "workspaceId", "userId", "uploadId", "jobId", 'part', 'email_scoring', 'analyzer.scores', 't'
           FROM "jobQueue" WHERE "jobId" = CAST(:id AS uuid) RETURNING "jobId" """,
        id=job_id,
    )
    return str(row["jobId"])


def test_a_job_reads_back_with_all_its_subjects(client: Any, rows: Any) -> None:
    upload_id = client.upload()["uploadId"]
    rows("UPDATE uploads SET status = 'completed'")
    body = {"uploadId": upload_id, "analysisType": "advanced"}
    analysis_id = client.post("/api/analyses", json=body).get_json()["analysisId"]
    rows("UPDATE analyses SET status = 'completed'")
    export = client.post("/api/exports", json={"analysisId": analysis_id}).get_json()
    job = client.get(f"/api/jobs/{export['jobId']}").get_json()["job"]
    assert (job["uploadId"], job["analysisId"], job["exportId"]) == (upload_id, analysis_id, export["exportId"])
    assert (job["jobType"], job["status"], job["progress"], job["etaSeconds"]) == ("export", "pending", 0, None)


def test_a_running_job_says_how_long_it_will_take(client: Any, rows: Any, job_id: str) -> None:
    rows("""UPDATE "jobQueue" SET status = 'processing', "processedItems" = 250, "totalItems" = 1000,
            "stepStartedAt" = now() - interval '10 seconds', "currentStep" = 'reading' """)
    job = client.get(f"/api/jobs/{job_id}").get_json()["job"]
    assert (job["currentStep"], job["processedItems"], job["totalItems"]) == ("reading", 250, 1000)
    assert 25 <= job["etaSeconds"] <= 35
    # What an earlier attempt had done took this one no time.
    rows("""UPDATE "jobQueue" SET "stepStartedItems" = 200""")
    assert 140 <= client.get(f"/api/jobs/{job_id}").get_json()["job"]["etaSeconds"] <= 170


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("pending", "pending"), ("processing", "running"), ("dead_letter", "failed"), ("cancelled", "cancelled")],
)
def test_the_status_route_speaks_the_first_interfaces_words(
    client: Any, rows: Any, job_id: str, ours: str, theirs: str
) -> None:
    rows("""UPDATE "jobQueue" SET status = :status, progress = 45, result = '{"a": 1}'""", status=ours)
    body = client.get(f"/api/jobs/{job_id}/status").get_json()
    assert body["success"] is True
    job = body["job"]
    assert list(job) == [
        *("id", "type", "status", "progress", "metadata", "resultData", "errorMessage", "createdAt", "updatedAt"),
        "completedAt",
    ]
    assert (job["id"], job["type"], job["status"], job["progress"]) == (job_id, "file_processing", theirs, 45)
    assert job["resultData"] == {"a": 1, "resultsUrl": f"/api/uploads/{job['metadata']['uploadId']}"}


def test_jobs_are_listed_whole_and_their_parts_on_demand(client: Any, rows: Any, job_id: str) -> None:
    part = child_of(rows, job_id)
    assert [job["jobId"] for job in client.get("/api/jobs").get_json()["jobs"]] == [job_id]
    parts = client.get(f"/api/jobs?parentJobId={job_id}").get_json()["jobs"]
    assert [job["jobId"] for job in parts] == [part]
    assert client.get("/api/jobs?status=failed").get_json()["jobs"] == []
    assert len(client.get("/api/jobs?jobType=file_processing&status=pending").get_json()["jobs"]) == 1


def test_logs_and_events_come_from_the_oldest(client: Any, rows: Any, job_id: str) -> None:
    part = child_of(rows, job_id)
    for owner, message in ((job_id, "one"), (part, "two"), (job_id, "three")):
        rows(
            """INSERT INTO "jobLogs" ("jobId", attempt, level, message, metadata)
               VALUES (CAST(:id AS uuid), 1, 'info', :message, '{"rows": 3}')""",
            id=owner,
            message=message,
        )
    page = client.get(f"/api/jobs/{job_id}/logs?limit=2").get_json()
    assert [(line["message"], line["metadata"]) for line in page["logs"]] == [
        ("one", {"rows": 3}),
        ("two", {"rows": 3}),
    ]
    page = client.get(f"/api/jobs/{job_id}/logs?limit=2&cursor={page['next']}").get_json()
    assert ([line["message"] for line in page["logs"]], page["next"]) == (["three"], None)
    assert [line["jobId"] for line in client.get(f"/api/jobs/{job_id}/logs").get_json()["logs"]] == [
        *(job_id, part, job_id)
    ]


def test_the_lines_of_one_attempt_can_be_asked_for(client: Any, rows: Any, job_id: str) -> None:
    rows(
        """INSERT INTO "jobLogs" ("jobId", attempt, level, message)
           SELECT CAST(:id AS uuid), n, 'info', 'line ' || n FROM generate_series(1, 3) n""",
        id=job_id,
    )
    page = client.get(f"/api/jobs/{job_id}/logs?attempt=2").get_json()
    assert [(line["attempt"], line["message"]) for line in page["logs"]] == [(2, "line 2")]
    assert client.get(f"/api/jobs/{job_id}/logs?attempt=4").get_json() == {"logs": [], "next": None}
    for bad in ("0", "x", "1.5", str(2**31)):
        assert client.get(f"/api/jobs/{job_id}/logs?attempt={bad}").status_code == 422


def test_the_changes_of_a_job_draw_its_timeline(client: Any, rows: Any, job_id: str) -> None:
    for attempt, status, cause, worker in (
        (0, "pending", "retried by the user", "system"),
        (1, "processing", "claimed", "host-1:7"),
        (1, "pending", "worker_lost", "host-1:7"),
        (2, "processing", "claimed", "host-2:7"),
    ):
        rows(
            """INSERT INTO "jobEvents" ("jobId", attempt, status, cause, "workerId")
               VALUES (CAST(:id AS uuid), :attempt, :status, :cause, :worker)""",
            id=job_id,
            attempt=attempt,
            status=status,
            cause=cause,
            worker=worker,
        )
    response = client.get(f"/api/jobs/{job_id}/events")
    changes = response.get_json()["items"]
    assert [(change["attempt"], change["status"], change["cause"]) for change in changes] == [
        *((0, "pending", "queued"), (0, "pending", "retried by the user"), (1, "processing", "claimed")),
        *((1, "pending", "worker_lost"), (2, "processing", "claimed")),
    ]
    assert changes == sorted(changes, key=lambda change: change["createdAt"])
    nobody, none_yet, first, again, second = (change["worker"] for change in changes)
    assert nobody is none_yet is None
    assert first == again != second
    # Which machines they are is for the log.
    assert "host-1" not in response.text


def test_a_page_of_jobs_reads_no_more_than_it_shows(client: Any, parts: Deps, job_id: str) -> None:
    read: list[str] = []
    event.listen(parts.engine, "before_cursor_execute", lambda *call: read.append(call[2]))
    (job,) = client.get("/api/jobs").get_json()["jobs"]
    assert job["jobId"] == job_id
    assert any('FROM "jobQueue"' in statement for statement in read)
    assert not any("payload" in statement or "checkpoint" in statement for statement in read)


def test_a_waiting_job_is_cancelled_at_once(client: Any, rows: Any, job_id: str) -> None:
    response = client.post(f"/api/jobs/{job_id}/cancel")
    assert response.status_code == 200
    assert response.get_json() == {
        "success": True,
        "message": "Job cancelled successfully",
        "jobId": job_id,
        "status": "cancelled",
    }
    assert rows("SELECT status FROM uploads") == [{"status": "cancelled"}]
    assert len(rows("""SELECT FROM "userActivities" WHERE "activityType" = 'job_cancelled'""")) == 1
    again = client.post(f"/api/jobs/{job_id}/cancel")
    assert (again.status_code, again.get_json()["code"]) == (409, "job_ended")


def test_a_running_job_is_asked_to_stop(client: Any, rows: Any, job_id: str) -> None:
    rows("""UPDATE "jobQueue" SET status = 'processing'""")
    response = client.post(f"/api/jobs/{job_id}/cancel")
    assert (response.status_code, response.get_json()["status"]) == (202, "processing")
    assert client.get(f"/api/jobs/{job_id}").get_json()["job"]["cancelRequestedAt"] is not None


def test_a_job_that_failed_is_tried_again(client: Any, rows: Any, job_id: str) -> None:
    refused = client.post(f"/api/jobs/{job_id}/retry")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "job_not_retryable")
    rows("""UPDATE "jobQueue" SET status = 'failed', "errorCode" = 'x', "errorMessage" = 'y', "retryCount" = 2""")
    response = client.post(f"/api/jobs/{job_id}/retry")
    assert (response.status_code, response.get_json()["job"]["status"]) == (202, "pending")
    job = client.get(f"/api/jobs/{job_id}").get_json()["job"]
    assert (job["status"], job["errorCode"], job["retryCount"]) == ("pending", None, 0)
    assert len(rows("""SELECT FROM "userActivities" WHERE "activityType" = 'job_retried'""")) == 1


def test_a_job_that_has_ended_is_deleted_with_its_parts(client: Any, rows: Any, job_id: str) -> None:
    part = child_of(rows, job_id)
    refused = client.call("DELETE", f"/api/jobs/{job_id}")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "job_not_ended")
    assert "cancel it first" in refused.get_json()["detail"]
    rows("""UPDATE "jobQueue" SET status = 'failed'""")
    response = client.call("DELETE", f"/api/jobs/{job_id}")
    assert (response.status_code, response.get_json()) == (
        200,
        {"success": True, "message": "Job deleted", "jobId": job_id, "status": "failed"},
    )
    for gone in (job_id, part):
        for path in ("", "/status", "/stream", "/logs", "/events"):
            assert client.get(f"/api/jobs/{gone}{path}").status_code == 404, path
    for method, path in (("DELETE", ""), ("POST", "/retry"), ("POST", "/cancel")):
        assert client.call(method, f"/api/jobs/{job_id}{path}").status_code == 404
    assert client.get("/api/jobs").get_json()["jobs"] == []
    assert client.get(f"/api/jobs?parentJobId={job_id}").get_json()["jobs"] == []
    # What it made stays, and names no job that nobody can ask after.
    (upload,) = client.get("/api/uploads").get_json()["items"]
    assert upload["jobId"] is None


@pytest.mark.parametrize("role", ["admin", "member"])
def test_the_owner_and_the_admins_delete_jobs(
    client: Any, http: FlaskClient, owner: Engine, rows: Any, role: str
) -> None:
    with owner.begin() as connection:
        other = type(client)(http, make_tenant(connection, "Others", role))
    job_id = other.upload()["jobId"]
    rows("""UPDATE "jobQueue" SET status = 'completed'""")
    response = other.call("DELETE", f"/api/jobs/{job_id}")
    assert (response.status_code, response.get_json().get("code")) == {
        "admin": (200, None),
        "member": (403, "forbidden"),
    }[role]


@pytest.mark.parametrize(("method", "action"), [("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")])
def test_a_part_of_a_job_is_shown_but_not_steered(
    client: Any, rows: Any, job_id: str, method: str, action: str
) -> None:
    part = child_of(rows, job_id)
    assert client.get(f"/api/jobs/{part}").get_json()["job"]["parentJobId"] == job_id
    rows("""UPDATE "jobQueue" SET status = 'failed'""")
    response = client.call(method, f"/api/jobs/{part}{action}")
    assert (response.status_code, response.get_json()["code"]) == (409, "not_a_root_job")


def events_of(body: bytes) -> list[dict[str, Any]]:
    lines = body.decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def test_a_stream_tells_the_whole_story_and_ends_by_itself(
    client: Any, worker: Engine, parts: Deps, job_id: str
) -> None:
    def work() -> None:
        for change in ("status = 'processing', progress = 40", "progress = 80", "status = 'completed', progress = 100"):
            time.sleep(0.5)
            with worker.begin() as connection:
                connection.execute(text(f'UPDATE "jobQueue" SET {change}'))
                connection.execute(text("SELECT pg_notify('job_progress', :id)"), {"id": job_id})

    thread = threading.Thread(target=work)
    thread.start()
    response = client.get(f"/api/jobs/{job_id}/stream")
    assert response.mimetype == "text/event-stream"
    body = response.data
    thread.join()
    told = events_of(body)
    assert told[0] == {"type": "connected", "jobId": job_id}
    assert [(e["status"], e["progress"]) for e in told[1:-1]] == [
        *(("pending", 0), ("running", 40), ("running", 80), ("completed", 100))
    ]
    assert (told[-1]["type"], told[-1]["status"]) == ("complete", "completed")
    assert b": heartbeat" in body
    response.close()
    assert parts.watcher.places.take(client.tenant.workspace_id), "the place was not given back"


@pytest.mark.parametrize("change", ['"revokedAt" = now()', '"expiresAt" = now()'])
def test_a_stream_ends_by_itself_when_its_key_opens_no_more(client: Any, rows: Any, job_id: str, change: str) -> None:
    response = client.get(f"/api/jobs/{job_id}/stream", buffered=False)
    events = iter(response.response)
    while b'"progress"' not in next(events):
        pass
    rows(f'UPDATE "apiKeys" SET {change}')
    assert b"complete" not in b"".join(events)
    assert client.get(f"/api/jobs/{job_id}/status").status_code == 401


def test_who_comes_back_gets_the_present_state_at_once_and_204_after_the_end(
    client: Any, rows: Any, job_id: str
) -> None:
    rows("""UPDATE "jobQueue" SET status = 'failed', "errorCode" = 'x', "errorMessage" = 'y'""")
    response = client.get(f"/api/jobs/{job_id}/stream", headers={"Last-Event-ID": "old"})
    told = events_of(response.data)
    assert [event["type"] for event in told] == ["connected", "progress", "complete"]
    assert (told[-1]["status"], told[-1]["errorCode"], told[-1]["errorMessage"]) == ("failed", "x", "y")
    last = [line for line in response.data.decode().splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")
    assert client.get(f"/api/jobs/{job_id}/stream", headers={"Last-Event-ID": last}).status_code == 204


def test_over_the_cap_a_stream_is_refused(client: Any, parts: Deps, job_id: str) -> None:
    assert parts.watcher.places.take(uuid.uuid4())
    assert parts.watcher.places.take(uuid.uuid4())
    response = client.get(f"/api/jobs/{job_id}/stream")
    assert (response.status_code, response.get_json()["code"]) == (503, "too_many_streams")
    assert response.headers["Retry-After"] == "10"


def test_one_tenants_streams_leave_places_for_others(client: Any, stranger: Any, job_id: str) -> None:
    others = stranger.upload()["jobId"]
    with client.get(f"/api/jobs/{job_id}/stream") as first:
        assert first.status_code == 200
        assert client.get(f"/api/jobs/{job_id}/stream").status_code == 503
        with stranger.get(f"/api/jobs/{others}/stream") as response:
            assert response.status_code == 200


def test_a_stream_ends_when_the_process_drains(client: Any, parts: Deps, job_id: str) -> None:
    threading.Timer(0.5, parts.watcher.close_watches).start()
    told = events_of(client.get(f"/api/jobs/{job_id}/stream").data)
    assert [event["type"] for event in told] == ["connected", "progress"]


def test_a_job_is_shown_with_its_last_lines(client: Any, rows: Any, job_id: str) -> None:
    part = child_of(rows, job_id)
    rows(
        """INSERT INTO "jobLogs" ("jobId", attempt, level, message)
           SELECT CAST(CASE WHEN n % 2 = 0 THEN :id ELSE :part END AS uuid), 1, 'info', 'line ' || n
           FROM generate_series(1, 102) n""",
        id=job_id,
        part=part,
    )
    body = client.get(f"/api/jobs/{job_id}").get_json()
    assert list(body) == ["job", "logs"]
    assert [line["message"] for line in body["logs"]] == [f"line {n}" for n in range(3, 103)]


def test_a_job_says_how_far_it_is_and_what_went_wrong_in_detail(client: Any, rows: Any, job_id: str) -> None:
    def job() -> Any:
        return client.get(f"/api/jobs/{job_id}").get_json()["job"]

    assert job()["errorDetail"] is None
    nothing = {"total": None, "processed": 0, "failed": 0, "percentage": 0, "message": "Waiting for a free worker"}
    assert job()["progressDetail"] == nothing
    rows("""UPDATE "jobQueue" SET status = 'processing', progress = 25, "processedItems" = 250, "totalItems" = 1000,
            "currentStep" = 'reading', attempt = 1; UPDATE uploads SET "rejectedRows" = 5""")
    detail = {"total": 1000, "processed": 250, "failed": 5, "percentage": 25, "message": "Reading: 250 of 1000"}
    assert job()["progressDetail"] == detail
    rows(
        """UPDATE "jobQueue" SET status = 'failed', "errorCode" = 'no_email_column', "errorMessage" = 'none of a, b'"""
    )
    assert job()["errorDetail"] == {
        "code": "no_email_column",
        "message": "none of a, b",
        "attempt": 1,
        "retryable": True,
    }
    assert job()["progressDetail"]["message"] == "Failed"


@pytest.mark.parametrize(
    ("total", "result", "shown"),
    [
        ("6239", '{"totalRows": 88, "totalEmails": 87}', (88, 88)),
        ("NULL", '{"rows": 88, "fileSize": 1}', (88, 88)),
        ("NULL", '{"totalEmails": 88}', (88, 88)),
        ("7", '{"totalEmails": 88}', (7, 7)),
        ("NULL", None, (None, 7)),
    ],
)
def test_what_came_of_a_job_says_how_many_there_were(
    client: Any, rows: Any, job_id: str, *, total: str, result: str | None, shown: tuple[int | None, int]
) -> None:
    rows(
        f"""UPDATE "jobQueue" SET status = 'completed', progress = 100, "processedItems" = 7, "totalItems" = {total},
            result = CAST(:result AS jsonb)""",
        result=result,
    )
    detail = client.get(f"/api/jobs/{job_id}").get_json()["job"]["progressDetail"]
    assert (detail["total"], detail["processed"], detail["message"]) == (*shown, "Completed")


def test_jobs_are_leafed_through_by_page_or_by_cursor(client: Any) -> None:
    made = [client.upload()["jobId"] for _ in range(5)][::-1]

    def page(query: str) -> tuple[list[str], Any]:
        body = client.get(f"/api/jobs?limit=2&{query}").get_json()
        assert list(body) == ["jobs", "pagination"]
        return [job["jobId"] for job in body["jobs"]], body["pagination"]

    shown, first = page("page=1")
    assert (shown, first) == (made[:2], {"page": 1, "limit": 2, "total": 5, "pages": 3, "next": first["next"]})
    shown, third = page("page=3")
    assert (shown, third["next"]) == (made[4:], None)
    shown, second = page(f"cursor={first['next']}")
    assert (shown, second["page"], second["total"]) == (made[2:4], None, 5)
    assert page("page=4")[0] == []
    for refused in (f"page=1&cursor={first['next']}", "page=0", "page=5001", "page=x"):
        response = client.get(f"/api/jobs?limit=2&{refused}")
        assert (response.status_code, response.get_json()["code"]) == (422, "validation_failed"), refused


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("member", 403)])
def test_the_owner_and_the_admins_change_a_jobs_state_to_cancelled(
    client: Any, http: FlaskClient, owner: Engine, role: str, status: int
) -> None:
    with owner.begin() as connection:
        other = type(client)(http, make_tenant(connection, "Others", role))
    job_id = other.upload()["jobId"]
    response = other.call("PATCH", f"/api/jobs/{job_id}", json={"status": "cancelled"})
    assert response.status_code == status
    assert other.get(f"/api/jobs/{job_id}").get_json()["job"]["status"] == ("cancelled" if status == 200 else "pending")


def test_a_job_is_changed_to_no_other_state(client: Any, rows: Any, job_id: str) -> None:
    for body in ({"status": "completed"}, {}, {"status": "cancelled", "priority": 1}):
        assert client.call("PATCH", f"/api/jobs/{job_id}", json=body).status_code == 422
    rows("""UPDATE "jobQueue" SET status = 'processing'""")
    response = client.call("PATCH", f"/api/jobs/{job_id}", json={"status": "cancelled"})
    assert (response.status_code, response.get_json()["job"]["status"]) == (202, "processing")
    rows("""UPDATE "jobQueue" SET status = 'completed'""")
    response = client.call("PATCH", f"/api/jobs/{job_id}", json={"status": "cancelled"})
    assert (response.status_code, response.get_json()["code"]) == (409, "job_ended")

"""How the jobs of a workspace go on the whole: /stats, /dashboard and /list."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import Engine, TextClause, event, text

from mailsift.api.admin import issue_operator_key
from mailsift.api.deps import Deps
from mailsift.api.repository import job_statistics
from mailsift.shared.db.session import tenant_transaction

INSERT = """
    INSERT INTO "jobQueue" ("workspaceId", "userId", "uploadId", "jobType", queue, "traceId", status, priority,
        "scheduledFor", "createdAt", "startedAt", "completedAt", "errorCode", "errorMessage", attempt)
    SELECT "workspaceId", "userId", "uploadId", 'file_processing', 'ingest.files', 't', :status, :priority,
        now() + CAST(:scheduled AS interval), now() - CAST(:age AS interval) - interval '3 seconds',
        CASE WHEN :status <> 'pending' THEN now() - CAST(:age AS interval) - CAST(:took AS interval) END,
        CASE WHEN :status NOT IN ('pending', 'processing') THEN now() - CAST(:age AS interval) END, :code, :code, 1
    FROM uploads WHERE "workspaceId" = CAST(:workspace AS uuid) ORDER BY "createdAt" LIMIT 1"""


@pytest.fixture
def add(client: Any, rows: Any) -> Any:
    """Add a job to a workspace that has none but one, completed a week ago."""
    client.upload()
    rows("""UPDATE "jobQueue" SET status = 'completed', "completedAt" = now() - interval '7 days'""")
    usual = {"priority": 0, "scheduled": None, "age": "0", "took": "1 second", "code": None}

    def insert(status: str, *, workspace: uuid.UUID = client.tenant.workspace_id, **more: Any) -> None:
        rows(INSERT, status=status, workspace=str(workspace), **{**usual, **more})

    return insert


def test_the_stats_have_the_seeds_shape(client: Any, add: Any) -> None:
    for took in ("1 second", "2 seconds"):
        add("completed", took=took)
    for status in ("pending", "pending", "processing", "failed", "dead_letter", "cancelled"):
        add(status)
    add("completed", age="2 hours")
    assert client.get("/api/jobs/stats").get_json() == {
        "queue_depth": 2,
        "processing": 1,
        "completed_last_hour": 2,
        "failed_last_hour": 2,
        "average_duration_ms": 1500,
        "throughput_per_minute": 0.03,
    }


def test_stats_of_nothing_are_zeros(client: Any) -> None:
    stats = client.get("/api/jobs/stats").get_json()
    assert (stats["queue_depth"], stats["average_duration_ms"], stats["throughput_per_minute"]) == (0, None, 0)
    metrics = client.get("/api/jobs/dashboard").get_json()["performance_metrics"]
    assert set(metrics.values()) == {None}


def test_the_dashboard_has_its_queues_by_priority(client: Any, add: Any) -> None:
    for priority in (0, 3, 4, 6, 7, 10):
        add("pending", priority=priority)
    add("pending", priority=10, scheduled="1 hour")
    add("pending", priority=5, scheduled="-1 hour")
    add("processing", priority=8)
    assert client.get("/api/jobs/dashboard").get_json()["queues"] == {
        "high_priority": {"depth": 2, "processing": 1},
        "default": {"depth": 3, "processing": 0},
        "low_priority": {"depth": 2, "processing": 0},
        "scheduled": {"depth": 1, "processing": 0},
    }


def test_the_dashboard_names_the_last_failures(client: Any, add: Any) -> None:
    for number in range(12):
        add(("failed", "dead_letter")[number % 2], age=f"{number} minutes", code=f"code_{number}")
    body = client.get("/api/jobs/dashboard").get_json()
    assert [failure["error_code"] for failure in body["recent_failures"]] == [f"code_{number}" for number in range(10)]
    assert list(body["recent_failures"][0]) == [
        *("job_id", "job_type", "requested_as", "status", "error_code", "error_message", "attempts"),
        *("created_at", "failed_at"),
    ]
    assert body["dead_letters"] == 6


def test_the_dashboard_measures_the_last_hour(client: Any, add: Any) -> None:
    for number in range(1, 101):
        add("completed", took=f"{number * 10} milliseconds")
    for _ in range(25):
        add("failed", took="1 hour")
    assert client.get("/api/jobs/dashboard").get_json()["performance_metrics"] == {
        "p50": 500,
        "p95": 950,
        "p99": 990,
        "wait_p50": 2490,
        "wait_p95": 2940,
        "wait_p99": 2980,
        "success_rate": 80.0,
    }


def test_jobs_are_counted_by_the_states_as_they_are_watched(client: Any, add: Any) -> None:
    for status in ("pending", "processing", "processing", "failed", "dead_letter", "cancelled"):
        add(status)
    assert client.get("/api/jobs/list?stats=true").get_json() == {
        "success": True,
        "stats": {"total": 7, "pending": 1, "running": 2, "completed": 1, "failed": 2, "cancelled": 1},
    }
    assert client.get("/api/jobs/list?stats=true&status=failed").status_code == 422


def test_the_newest_jobs_of_a_kind_are_listed(client: Any, add: Any) -> None:
    for status in ("failed", "dead_letter", "processing", "pending"):
        add(status)
    body = client.get("/api/jobs/list?status=failed&limit=1").get_json()
    assert (body["success"], body["count"], body["jobs"][0]["status"]) == (True, 1, "failed")
    assert client.get("/api/jobs/list?status=failed").get_json()["count"] == 2
    assert client.get("/api/jobs/list?type=file_processing&status=running").get_json()["count"] == 1
    assert client.get("/api/jobs/list?type=verify-emails").get_json()["count"] == 0
    assert client.get("/api/jobs/list?status=processing").status_code == 422


def test_another_tenants_jobs_do_not_count(client: Any, stranger: Any, add: Any) -> None:
    add("pending")
    stranger.upload()
    assert client.get("/api/jobs/stats").get_json()["queue_depth"] == 1
    assert client.get("/api/jobs/list?stats=true").get_json()["stats"]["total"] == 2
    depths = client.get("/api/jobs/dashboard").get_json()["queues"]
    assert depths["low_priority"]["depth"] == 1


def test_an_operator_sees_the_jobs_of_all_tenants(client: Any, stranger: Any, http: Any, owner: Engine) -> None:
    for who in (client, stranger):
        who.upload()
    key = {"Authorization": f"Bearer {issue_operator_key(owner, 'ann')[1]}"}
    assert http.get("/api/jobs/stats", headers=key).get_json()["queue_depth"] == 2
    assert http.get("/api/jobs/dashboard", headers=key).get_json()["queues"]["low_priority"]["depth"] == 2
    assert http.get("/api/jobs/list", headers=key).status_code == 403


def test_whatever_is_counted_is_looked_up_in_an_index(
    client: Any, stranger: Any, parts: Deps, rows: Any, add: Any
) -> None:
    add("pending")
    stranger.upload()
    rows(
        """INSERT INTO "jobQueue" ("workspaceId", "userId", "uploadId", "jobType", queue, "traceId", status,
                                   "completedAt")
           SELECT "workspaceId", "userId", "uploadId", "jobType", queue, 't', 'completed', now()
           FROM "jobQueue", generate_series(1, 5000) WHERE "workspaceId" = :workspace""",
        workspace=stranger.tenant.workspace_id,
    )
    rows('ANALYZE "jobQueue"')
    counted = {"statuses": ["pending", "completed"], "most": 100_000}
    # The last hour of all tenants is bounded, too.
    statements: list[tuple[TextClause, dict[str, Any], set[str]]] = [
        (job_statistics._BY_STATUS, counted, {"ix_jobQueue_listed", "ix_jobQueue_finished"}),
        (job_statistics._LAST_HOUR, counted, {"ix_jobQueue_finished", "ix_jobQueue_ended"}),
        (job_statistics._QUEUES, {"most": 100_000}, {"ix_jobQueue_listed"}),
        (job_statistics._RECENT_FAILURES, {"failures": 10}, {"ix_jobQueue_finished"}),
    ]
    with tenant_transaction(parts.engine, client.tenant.workspace_id) as connection:
        connection.execute(job_statistics._BY_INDEX)
        for statement, parameters, indexes in statements:
            plan = "\n".join(connection.scalars(text(f"EXPLAIN {statement.text}"), parameters))
            assert any(index in plan for index in indexes), plan
            assert "Seq Scan" not in plan


def test_jobs_of_a_rare_type_are_looked_up_in_an_index(client: Any, parts: Deps, rows: Any) -> None:
    client.upload()
    rows(
        """INSERT INTO "jobQueue" ("workspaceId", "userId", "uploadId", "jobType", queue, "traceId")
           SELECT "workspaceId", "userId", "uploadId", "jobType", queue, 't'
           FROM "jobQueue", generate_series(1, 5000)"""
    )
    rows('ANALYZE "jobQueue"')
    plans: list[str] = []

    def explain(connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if 'FROM "jobQueue"' in statement:
            with connection.connection.cursor() as cursor:
                cursor.execute(statement.replace("; SELECT", "; EXPLAIN SELECT", 1), parameters)
                plans.append("\n".join(line for (line,) in cursor))

    event.listen(parts.engine, "before_cursor_execute", explain)
    assert client.get("/api/jobs?jobType=export").get_json()["jobs"] == []
    assert len(plans) == 2, "the page and the count"
    assert all('"ix_jobQueue_of_type"' in plan for plan in plans), plans
    # A whole disappears by itself, so no other job is looked at for its sake.
    assert all("Anti Join" not in plan for plan in plans), plans

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from integration.dispatcher.floor import EXPORTS, Floor
from mailsift.dispatcher import admin, observing, steering
from mailsift.dispatcher.reports import as_json
from mailsift.shared.jobs.catalog import QUEUES
from mailsift.shared.jobs.repository import inspecting
from mailsift.shared.observability.metrics import REGISTRY


def shown(queue: str) -> list[float | None]:
    names = ["jobs_due", "jobs_oldest_due_seconds", "jobs_oldest_unsent_seconds"]
    names += ["jobs_running", "dead_letters", "queue_paused"]
    return [REGISTRY.get_sample_value(f"mailsift_{name}", {"queue": queue}) for name in names]


def test_the_metrics_show_how_every_queue_stands(floor: Floor) -> None:
    floor.dead_export()
    due = floor.export()
    floor.change(due, "\"dueAt\" = now() - interval '100 seconds'")
    floor.run(floor.export(), lambda _: observing.observe(floor.dispatcher))
    assert shown(EXPORTS) == [1, pytest.approx(100, abs=60), pytest.approx(100, abs=60), 1, 1, 0]
    assert [shown(queue) for queue in QUEUES if queue != EXPORTS] == [[0] * 6] * (len(QUEUES) - 1)
    steering.pause(floor.dispatcher, EXPORTS)
    observing.observe(floor.dispatcher)
    assert shown(EXPORTS)[-1] == 1


def test_the_metrics_show_how_erasures_stand(floor: Floor, owner: Engine) -> None:
    def erasures() -> list[float | None]:
        observing.observe(floor.dispatcher)
        names = ("mailsift_erasures_open", "mailsift_erasures_oldest_open_seconds")
        return [REGISTRY.get_sample_value(name) for name in names]

    assert erasures() == [0, 0]
    with owner.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO erasures ("erasureId", status, addresses, "createdAt")
            SELECT gen_random_uuid(), status, addresses, now() - make_interval(hours => hours)
            FROM (VALUES ('waiting', 2, ARRAY['ann@example.com']), ('pending', 1, ARRAY['ann@example.com']),
                ('completed', 9, NULL)) AS asked(status, hours, addresses)""")
        )
    assert erasures() == [2, pytest.approx(7200, abs=120)]
    chosen = admin._parser().parse_args(["erasures"])
    listed = chosen.run(floor.dispatcher, chosen)
    told = json.loads(as_json(listed))["erasures"]
    assert [(each["status"], each["waitingFor"]) for each in told] == [("waiting", 0), ("pending", 0)]
    assert "ann@example.com" not in str(told)
    assert [line.split()[1:2] + line.split()[4:] for line in listed.lines()[1:]] == [
        ["all", "waiting", "1", "-", "0"],
        ["all", "pending", "1", "-", "0"],
    ]


def test_what_has_ended_is_not_looked_through(floor: Floor, owner: Engine) -> None:
    floor.export()
    with owner.begin() as connection:
        for status, count in (("completed", 2000), ("pending", 10000)):
            connection.execute(
                text("""
                INSERT INTO "jobQueue" ("workspaceId", "userId", "exportId", "jobType", queue, "traceId", status)
                SELECT "workspaceId", "userId", "exportId", "jobType", queue, '', :status
                FROM (SELECT * FROM "jobQueue" LIMIT 1) AS one, generate_series(1, :count)"""),
                {"status": status, "count": count},
            )
        connection.execute(text('ANALYZE "jobQueue"'))
    with floor.dispatcher.begin() as connection:
        assert "Seq Scan" in scans(connection)
        inspecting.queue_states(connection, QUEUES)
        assert "Seq Scan" not in scans(connection)


def scans(connection: Connection) -> set[str]:
    """How PostgreSQL would look at the queues now."""
    query = text(f"EXPLAIN (FORMAT JSON) {inspecting._QUEUES.text}")
    plan = connection.scalar(query, {"queues": list(QUEUES)})
    assert plan is not None
    return {node["Node Type"] for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "jobQueue"}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text
from uuid_utils.compat import uuid7

from conftest import Database
from factories import Tenant, make_tenant, make_upload
from mailsift.dispatcher.schedules import fire_due
from mailsift.shared.db.session import make_engine, tenant_transaction
from mailsift.shared.db.tables import Schedule
from mailsift.shared.jobs.repository import quota
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.plans import ALLOWANCES, Plan

MINUTE = dt.timedelta(minutes=1)


def at(clock: str) -> dt.datetime:
    return dt.datetime.fromisoformat(clock).replace(tzinfo=dt.UTC)


NOON = at("2026-11-22T12:00:00")


class Schedules:
    """Schedules of lists, and what came of them."""

    def __init__(self, owner: Engine, dispatcher: Engine, tenant: Tenant) -> None:
        self.owner, self.dispatcher, self.tenant = owner, dispatcher, tenant

    def add(self, tenant: Tenant | None = None, *, status: str = "completed", **values: Any) -> uuid.UUID:
        schedule_id, tenant = uuid7(), tenant or self.tenant
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, tenant)
            connection.execute(
                text('UPDATE uploads SET status = :status WHERE "uploadId" = :id'), {"id": upload_id, "status": status}
            )
            row = {
                "schedule_id": schedule_id,
                "workspace_id": tenant.workspace_id,
                "user_id": tenant.user_id,
                "name": schedule_id.hex,
                "cron": "0 12 * * *",
                "upload_id": upload_id,
                "next_due_at": NOON,
            }
            connection.execute(insert(Schedule), {**row, **values})
        return schedule_id

    def fire(self, now: dt.datetime = NOON) -> int:
        return fire_due(self.dispatcher, now)

    def query(self, statement: str, **parameters: Any) -> list[Mapping[str, Any]]:
        with self.owner.begin() as connection:
            result = connection.execute(text(statement), parameters)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def next_due(self, schedule_id: uuid.UUID) -> dt.datetime | None:
        (row,) = self.query('SELECT "nextDueAt" FROM schedules WHERE "scheduleId" = :id', id=schedule_id)
        found: dt.datetime | None = row["nextDueAt"]
        return found

    def runs(self, schedule_id: uuid.UUID) -> list[Mapping[str, Any]]:
        return self.query('SELECT * FROM "scheduleRuns" WHERE "scheduleId" = :id ORDER BY "dueAt"', id=schedule_id)

    def outcomes(self, schedule_id: uuid.UUID) -> list[tuple[dt.datetime, str | None]]:
        return [(run["dueAt"], run["errorCode"]) for run in self.runs(schedule_id)]

    def end_jobs(self) -> None:
        self.query("""UPDATE "jobQueue" SET status = 'completed'""")


@pytest.fixture
def schedules(owner: Engine, dispatcher: Engine, tenant: Tenant) -> Schedules:
    return Schedules(owner, dispatcher, tenant)


@pytest.fixture
def two_dispatchers(database: Database) -> Iterator[tuple[Engine, Engine]]:
    engines = tuple(make_engine(database.dispatcher_url, f"test-{number}", pool_size=4) for number in range(2))
    yield engines[0], engines[1]
    for engine in engines:
        engine.dispose()


def test_what_is_due_opens_an_analysis_as_its_user(schedules: Schedules) -> None:
    schedule_id = schedules.add()
    assert schedules.fire() == 1
    (run,) = schedules.runs(schedule_id)
    (job,) = schedules.query('SELECT * FROM "jobQueue"')
    (analysis,) = schedules.query("SELECT * FROM analyses")
    assert (run["dueAt"], run["errorCode"]) == (NOON, None)
    assert (run["jobId"], run["analysisId"]) == (job["jobId"], analysis["analysisId"])
    assert (job["jobType"], job["analysisId"]) == ("advanced_analysis", analysis["analysisId"])
    assert (job["workspaceId"], job["userId"]) == (schedules.tenant.workspace_id, schedules.tenant.user_id)
    assert (analysis["workspaceId"], analysis["userId"]) == (schedules.tenant.workspace_id, schedules.tenant.user_id)
    assert schedules.query('SELECT "activityType" FROM "userActivities"') == [{"activityType": "analysis_requested"}]
    assert schedules.next_due(schedule_id) == NOON + 1440 * MINUTE


def test_the_analysis_is_of_the_type_that_was_said(schedules: Schedules) -> None:
    schedules.add(analysis_type="bulk")
    schedules.fire()
    assert schedules.query('SELECT "analysisType" FROM analyses') == [{"analysisType": "bulk"}]
    assert schedules.query('SELECT "jobType" FROM "jobQueue"') == [{"jobType": "bulk_analysis"}]
    assert schedules.query('SELECT count(*) FROM "bulkAnalysis"') == [{"count": 1}]


def test_a_file_follows_where_one_is_wanted(schedules: Schedules) -> None:
    schedule_id = schedules.add(file_type="jsonl")
    schedules.fire()
    analysis, export = schedules.query('SELECT * FROM "jobQueue" ORDER BY "createdAt", "jobId"')
    (file,) = schedules.query("SELECT * FROM exports")
    assert (export["jobType"], export["afterJobId"]) == ("export", analysis["jobId"])
    assert export["exportId"] == file["exportId"]
    assert (file["analysisId"], file["fileName"]) == (analysis["analysisId"], "list-analysed.jsonl")
    assert [run["jobId"] for run in schedules.runs(schedule_id)] == [analysis["jobId"]]


def test_what_is_not_due_is_left_alone(schedules: Schedules) -> None:
    schedule_id = schedules.add()
    assert schedules.fire(NOON - MINUTE) == 0
    assert schedules.fire() == 1
    schedules.end_jobs()
    assert schedules.fire(NOON + MINUTE) == 0
    assert len(schedules.runs(schedule_id)) == 1


def test_without_a_time_the_clock_of_the_database_counts(schedules: Schedules) -> None:
    past = schedules.add(cron="* * * * *")
    future = schedules.add(next_due_at=dt.datetime(2126, 1, 1, tzinfo=dt.UTC))
    schedules.query(
        """UPDATE schedules SET "nextDueAt" = date_trunc('minute', now()) WHERE "scheduleId" = :id""", id=past
    )
    assert fire_due(schedules.dispatcher) == 1
    assert (len(schedules.runs(past)), len(schedules.runs(future))) == (1, 0)
    (row,) = schedules.query('SELECT "nextDueAt" > now() AS later FROM schedules WHERE "scheduleId" = :id', id=past)
    assert row["later"]


def test_what_is_switched_off_does_not_fire(schedules: Schedules) -> None:
    schedule_id = schedules.add(enabled=False)
    assert schedules.fire(NOON + 10_000 * MINUTE) == 0
    assert schedules.runs(schedule_id) == []


def test_after_a_rest_only_the_last_missed_time_is_made_up_for(schedules: Schedules) -> None:
    daily, hourly = schedules.add(), schedules.add(cron="*/30 * * * *")
    now = at("2026-11-29T15:47:10")
    assert schedules.fire(now) == 2
    assert schedules.outcomes(daily) == [(at("2026-11-29T12:00:00"), None)]
    assert schedules.outcomes(hourly) == [(at("2026-11-29T15:30:00"), None)]
    assert schedules.next_due(daily) == at("2026-11-30T12:00:00")
    assert schedules.next_due(hourly) == at("2026-11-29T16:00:00")
    assert schedules.fire(now) == 0


def test_an_hour_of_a_zone_follows_its_clock(schedules: Schedules) -> None:
    schedule_id = schedules.add(cron="30 2 * * *", timezone="Europe/Berlin", next_due_at=at("2026-03-28T01:30:00"))
    # On the 29th half past two is left out: it comes at three, which is one o'clock UTC.
    fired = []
    for clock in ("03-28T01:30", "03-29T00:59", "03-29T01:00", "03-29T01:30"):
        fired.append(schedules.fire(at(f"2026-{clock}:00")))
        schedules.end_jobs()
    assert fired == [1, 0, 1, 0]
    assert [due for due, _ in schedules.outcomes(schedule_id)] == [at("2026-03-28T01:30:00"), at("2026-03-29T01:00:00")]
    assert schedules.next_due(schedule_id) == at("2026-03-30T00:30:00")


def test_two_dispatchers_fire_each_time_once(schedules: Schedules, two_dispatchers: tuple[Engine, Engine]) -> None:
    ids = [schedules.add(cron="* * * * *", file_type="csv") for _ in range(6)]
    ready = threading.Barrier(4)

    def fire(engine: Engine, now: dt.datetime) -> int:
        ready.wait()
        return fire_due(engine, now)

    for minute in range(5):
        now = NOON + minute * MINUTE
        with ThreadPoolExecutor(4) as pool:
            counts = [pool.submit(fire, engine, now) for engine in (*two_dispatchers, *two_dispatchers)]
            assert sum(count.result() for count in counts) == len(ids)
        schedules.end_jobs()
    for schedule_id in ids:
        assert schedules.outcomes(schedule_id) == [(NOON + minute * MINUTE, None) for minute in range(5)]
    assert schedules.query("""SELECT count(*) FROM "jobQueue" WHERE "jobType" = 'export'""") == [{"count": 30}]
    assert schedules.query("SELECT count(*) FROM analyses") == [{"count": 30}]


def test_one_that_somebody_holds_keeps_no_other_waiting(schedules: Schedules) -> None:
    held, free = schedules.add(), schedules.add()
    with schedules.owner.begin() as connection:
        connection.execute(text('SELECT FROM schedules WHERE "scheduleId" = :id FOR UPDATE'), {"id": held})
        assert schedules.fire() == 1
    assert (len(schedules.runs(held)), len(schedules.runs(free))) == (0, 1)
    assert schedules.fire() == 1


def test_a_time_that_is_noted_already_is_not_fired_again(schedules: Schedules) -> None:
    schedule_id = schedules.add()
    schedules.fire()
    schedules.end_jobs()
    schedules.query('UPDATE schedules SET "nextDueAt" = :noon', noon=NOON)
    before = count("already_run")
    assert schedules.fire() == 1
    assert count("already_run") == before + 1
    assert len(schedules.query('SELECT FROM "jobQueue"')) == 1
    assert schedules.next_due(schedule_id) == NOON + 1440 * MINUTE


def count(outcome: str) -> float:
    return REGISTRY.get_sample_value("mailsift_schedule_runs_total", {"outcome": outcome}) or 0


@pytest.mark.parametrize("status", ["pending", "processing", "failed", "cancelled"])
def test_a_list_that_was_not_read_is_left_out_and_the_next_time_comes(schedules: Schedules, status: str) -> None:
    schedule_id = schedules.add(status=status)
    assert schedules.fire() == 1
    assert schedules.outcomes(schedule_id) == [(NOON, "upload_not_ready")]
    schedules.query("UPDATE uploads SET status = 'completed'")
    tomorrow = NOON + 1440 * MINUTE
    assert schedules.fire(tomorrow) == 1
    assert schedules.outcomes(schedule_id)[1] == (tomorrow, None)


def test_a_list_whose_rows_are_gone_is_left_out(schedules: Schedules) -> None:
    schedule_id = schedules.add()
    schedules.query('UPDATE uploads SET "rowsExpiredAt" = now()')
    schedules.fire()
    assert schedules.outcomes(schedule_id) == [(NOON, "rows_expired")]
    assert schedules.query("SELECT FROM analyses") == []


def test_a_list_that_is_deleted_takes_its_schedules_with_it(schedules: Schedules) -> None:
    schedules.add()
    schedules.query("DELETE FROM uploads")
    assert schedules.fire() == 0
    assert schedules.query("SELECT FROM schedules") == []


def test_a_run_that_is_still_at_work_is_not_overtaken(schedules: Schedules) -> None:
    schedule_id = schedules.add(cron="* * * * *")
    for minute in range(3):
        schedules.fire(NOON + minute * MINUTE)
    schedules.end_jobs()
    schedules.fire(NOON + 3 * MINUTE)
    codes = [code for _, code in schedules.outcomes(schedule_id)]
    assert codes == [None, "previous_run_at_work", "previous_run_at_work", None]


def test_what_the_plan_does_not_allow_is_left_out_and_costs_nothing(schedules: Schedules) -> None:
    with schedules.owner.begin() as connection:
        tenant = make_tenant(connection, "Small", plan=Plan.FREE)
        most = ALLOWANCES[Plan.FREE].jobs_per_hour
        assert most is not None
        # One is left: enough for an analysis, not for a file after it.
        assert quota.spend(connection, tenant.workspace_id, most - 1) is None
    both = schedules.add(tenant, file_type="csv")
    schedules.fire()
    assert schedules.outcomes(both) == [(NOON, "job_quota_exceeded")]
    alone = schedules.add(tenant)
    schedules.fire()
    assert schedules.outcomes(alone) == [(NOON, None)]
    assert len(schedules.query('SELECT FROM "jobQueue"')) == 1


def test_the_dispatcher_and_the_api_take_from_the_same_hour(schedules: Schedules, api: Engine) -> None:
    with schedules.owner.begin() as connection:
        tenant = make_tenant(connection, "Small", plan=Plan.FREE)
    with tenant_transaction(api, tenant.workspace_id) as connection:
        assert quota.spend(connection, tenant.workspace_id, 100) is None
    with schedules.dispatcher.begin() as connection:
        exhausted = quota.spend(connection, tenant.workspace_id, 1)
    assert exhausted is not None
    assert (exhausted.giver, exhausted.jobs_per_hour) == ("the free plan", 100)
    assert exhausted.wait_seconds == pytest.approx(36, abs=1)


def test_a_zone_that_is_no_more_switches_its_schedule_off_and_says_why(schedules: Schedules) -> None:
    broken, sound = schedules.add(timezone="Europe/Atlantis"), schedules.add()
    assert schedules.fire() == 2
    assert schedules.outcomes(broken) == [(NOON, "invalid_schedule")]
    assert schedules.outcomes(sound) == [(NOON, None)]
    (row,) = schedules.query('SELECT enabled, "nextDueAt" FROM schedules WHERE "scheduleId" = :id', id=broken)
    assert (row["enabled"], row["nextDueAt"]) == (False, None)


def test_one_that_cannot_be_fired_keeps_no_other_from_it_and_stays_due(schedules: Schedules) -> None:
    broken, sound = schedules.add(file_type="docx", next_due_at=NOON - MINUTE), schedules.add()
    assert schedules.fire() == 1
    assert (schedules.outcomes(broken), schedules.outcomes(sound)) == ([], [(NOON, None)])
    schedules.query("""UPDATE schedules SET "fileType" = 'csv'""")
    assert schedules.fire() == 1
    assert schedules.next_due(broken) == NOON + 1440 * MINUTE


def test_nothing_is_begun_for_one_who_has_left(schedules: Schedules) -> None:
    schedule = schedules.add()
    schedules.query('DELETE FROM "workspaceMembers"')
    assert schedules.fire() == 1
    assert schedules.outcomes(schedule) == [(NOON, "user_left")]


def test_a_schedule_never_reaches_a_list_of_another_workspace(schedules: Schedules) -> None:
    with schedules.owner.begin() as connection:
        stranger = make_tenant(connection, "Stranger")
    schedule = schedules.add()
    schedules.query('UPDATE uploads SET "workspaceId" = :id', id=stranger.workspace_id)
    assert schedules.fire() == 0
    assert schedules.outcomes(schedule) == []


def test_more_than_a_batch_is_fired_in_one_turn(schedules: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsift.dispatcher.schedules._BATCH", 2)
    for _ in range(5):
        schedules.add()
    assert schedules.fire() == 5

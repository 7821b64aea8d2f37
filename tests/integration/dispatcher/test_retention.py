from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, TextClause, text

from conftest import Database
from factories import Tenant, make_upload
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.repository import oddments
from mailsift.dispatcher.retention import Retention, in_one_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject
from mailsift.shared.jobs.repository import queueing, retaining
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.storage import Storage
from past import Past, all_at_once

HOUR = 3600


@pytest.fixture
def past(owner: Engine, tenant: Tenant) -> Past:
    return Past(owner, tenant)


@pytest.fixture
def subject(owner: Engine, tenant: Tenant) -> Subject:
    with owner.begin() as connection:
        return Subject(upload_id=make_upload(connection, tenant))


@pytest.fixture
def mark(dispatcher: Engine) -> Callable[[int], int]:
    return partial(in_one_transaction, dispatcher, retaining.mark_old, 30)


@pytest.fixture
def drain(dispatcher: Engine) -> Callable[[int], int]:
    return partial(in_one_transaction, dispatcher, retaining.drain_deleted, HOUR)


def let_an_hour_pass(past: Past) -> None:
    past.run("""UPDATE "jobQueue" SET "deletedAt" = "deletedAt" - interval '61 minutes'""")


def test_jobs_go_batch_by_batch_when_their_time_is_over(
    past: Past, subject: Subject, mark: Callable[[int], int], drain: Callable[[int], int]
) -> None:
    for status in ("completed", "failed", "dead_letter", "cancelled"):
        past.job(subject, 31, status=status)
    past.job(subject, 31)
    young = past.job(subject, 29)
    assert [mark(2) for _ in range(4)] == [2, 2, 1, 0]
    # Whoever is about to try one again has an hour to say so.
    assert drain(2) == 0
    let_an_hour_pass(past)
    assert [drain(2) for _ in range(4)] == [2, 2, 1, 0]
    assert (past.count("jobQueue"), past.count("jobQueue", f"\"jobId\" = '{young}'")) == (1, 1)


def test_parts_go_before_their_whole_and_logs_and_events_with_their_job(
    past: Past, subject: Subject, mark: Callable[[int], int], drain: Callable[[int], int]
) -> None:
    root = past.job(subject, 31, parts=7)
    past.run(
        """INSERT INTO "jobLogs" ("jobId", attempt, level, message) SELECT "jobId", 1, 'info', '' FROM "jobQueue" """
    )
    assert mark(100) == 1
    let_an_hour_pass(past)
    left = []
    while drain(3):
        left.append((past.count("jobQueue"), past.count("jobQueue", f"\"jobId\" = '{root}'")))
    assert left == [(5, 1), (2, 1), (0, 0)]
    assert (past.count("jobLogs"), past.count("jobEvents")) == (0, 0)


def test_a_job_that_its_user_deleted_goes_an_hour_later(
    past: Past, subject: Subject, drain: Callable[[int], int]
) -> None:
    past.job(subject, 0, parts=2)
    past.run("""UPDATE "jobQueue" SET "deletedAt" = now() - interval '59 minutes' WHERE "parentJobId" IS NULL""")
    assert drain(10) == 0
    past.run("""UPDATE "jobQueue" SET "deletedAt" = now() - interval '61 minutes' WHERE "parentJobId" IS NULL""")
    assert drain(10) == 3


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_job_that_is_not_over_stays_whatever_its_marks_say(
    past: Past, subject: Subject, mark: Callable[[int], int], drain: Callable[[int], int], status: str
) -> None:
    past.job(subject, 400, status=status, parts=2)
    assert mark(10) == 0
    past.run("""UPDATE "jobQueue" SET "deletedAt" = now() - interval '1 year' """)
    assert drain(10) == 0


def test_a_job_that_another_waits_for_stays(
    past: Past, subject: Subject, mark: Callable[[int], int], drain: Callable[[int], int]
) -> None:
    tenant = past.tenant
    first = past.job(subject, 0)
    with past.owner.begin() as connection:
        job = NewJob(JobType.EXPORT, tenant.workspace_id, tenant.user_id, subject, "trace", after_job_id=first)
        follower = queueing.enqueue(connection, job)
    past.run("""UPDATE "jobQueue" SET "completedAt" = now() - interval '31 days' WHERE "jobId" = :id""", id=first)
    assert mark(10) == 0
    past.run("""UPDATE "jobQueue" SET "deletedAt" = now() - interval '2 hours' WHERE "jobId" = :id""", id=first)
    assert drain(10) == 0
    past.run("""UPDATE "jobQueue" SET status = 'completed', "completedAt" = now() WHERE "jobId" = :id""", id=follower)
    assert drain(10) == 1
    assert past.count("jobQueue", '"afterJobId" IS NULL') == 1


def test_several_dispatchers_drain_side_by_side(
    past: Past, subject: Subject, mark: Callable[[int], int], drain: Callable[[int], int]
) -> None:
    for _ in range(12):
        past.job(subject, 31, parts=10)
    assert all_at_once(mark, 3) == 12
    let_an_hour_pass(past)
    assert all_at_once(drain, 5) == 12 * 11
    assert past.count("jobQueue") == 0


def test_a_job_that_is_being_tried_again_is_stepped_over(
    owner: Engine, past: Past, subject: Subject, mark: Callable[[int], int]
) -> None:
    job_id = past.job(subject, 31, status="failed")
    with owner.begin() as connection:
        assert queueing.retry(connection, job_id)
        assert mark(10) == 0
    assert mark(10) == 0


def plan_of(engine: Engine, statement: TextClause, **parameters: object) -> str:
    with engine.begin() as connection:
        return "\n".join(connection.scalars(text(f"EXPLAIN {statement.text}"), parameters))


def test_jobs_past_their_time_are_looked_up_not_searched_for(past: Past, subject: Subject, dispatcher: Engine) -> None:
    for days in range(20):
        past.job(subject, days + 20, parts=500)
    past.run(
        """INSERT INTO "jobQueue"
               ("workspaceId", "userId", "uploadId", "jobType", queue, "traceId", status, "completedAt", "deletedAt")
           SELECT "workspaceId", "userId", "uploadId", "jobType", queue, "traceId", 'completed',
               now(), CASE "childKey" WHEN '1' THEN now() - interval '1 day' END
           FROM "jobQueue" WHERE "parentJobId" IS NOT NULL"""
    )
    past.run('ANALYZE "jobQueue"')
    marking = plan_of(dispatcher, retaining._MARK, hours=30 * 24, batch=1000)
    parts = plan_of(dispatcher, retaining._DELETE_PARTS, grace=HOUR, batch=1000)
    roots = plan_of(dispatcher, retaining._DELETE_ROOTS, grace=HOUR, batch=1000)
    assert 'Index Scan using "ix_jobQueue_ended"' in marking
    assert 'Index Scan using "ix_jobQueue_deleted"' in parts
    assert 'Index Scan using "ix_jobQueue_parent_child"' in parts
    assert 'Index Scan using "ix_jobQueue_deleted"' in roots
    assert [plan for plan in (marking, parts, roots) if 'Seq Scan on "jobQueue"' in plan] == []


IDEMPOTENCY_KEYS = """
    INSERT INTO "idempotencyKeys" ("workspaceId", key, "requestHash", response, "createdAt")
    SELECT :workspace, n::text, '', '{}', now() - interval '1 hour' * CASE WHEN n <= 6 THEN 25 ELSE 23 END
    FROM generate_series(1, 8) AS n"""

DOMAINS = """
    INSERT INTO domains (domain, resolver, facts, "expiresAt", "claimedUntil") VALUES
        ('stale1', '', '{}', now() - interval '31 days', NULL),
        ('stale2', '', '{}', now() - interval '31 days', now() - interval '31 days'),
        ('given up', '', NULL, NULL, NULL),
        ('claimed by a dead job', '', NULL, NULL, now() - interval '31 days'),
        ('claimed now', '', NULL, NULL, now() + interval '1 minute'),
        ('fresh', '', '{}', now() + interval '1 hour', NULL),
        ('stale since yesterday', '', '{}', now() - interval '1 day', NULL)"""

VERIFIED_EMAILS = """
    INSERT INTO "verifiedEmails" ("workspaceId", "emailAddress", resolver, facts, "verifiedAt", "expiresAt")
    SELECT :workspace, n || '@example.com', '', '{}', now() - interval '2 days',
        now() - interval '1 hour' * CASE WHEN n <= 3 THEN 25 ELSE 23 END
    FROM generate_series(1, 5) AS n"""

RATE_LIMITS = """
    INSERT INTO "rateLimits" (key, "workspaceId", tokens, capacity, "refillPerSecond", "updatedAt") VALUES
        ('full', :workspace, 10, 10, 0, now() - interval '31 days'),
        ('full by now', :workspace, 0, 10, 1, now() - interval '31 days'),
        ('in use', :workspace, 10, 10, 1, now() - interval '29 days'),
        ('in debt', :workspace, -1e9, 10, 1, now() - interval '31 days')"""


OUTCOMES = """
    INSERT INTO outcomes ("workspaceId", "normalizedAddress", outcome, "reportedAt")
    SELECT :workspace, n || '@example.com', 'bounced', now() + interval '1 hour' - interval '1 day' * (362 + n)
    FROM generate_series(1, 6) AS n"""


@pytest.mark.parametrize(
    ("table", "rows", "forget", "age", "batches"),
    [
        ("idempotencyKeys", IDEMPOTENCY_KEYS, oddments.forget_idempotency_keys, 24, [2, 2, 2, 0]),
        ("domains", DOMAINS, oddments.forget_domains, 30, [2, 2, 0]),
        ("verifiedEmails", VERIFIED_EMAILS, oddments.forget_verified_emails, 24, [2, 1, 0]),
        ("rateLimits", RATE_LIMITS, oddments.forget_rate_limits, 30, [2, 0]),
        ("outcomes", OUTCOMES, oddments.forget_outcomes, 365, [2, 1, 0]),
    ],
)
def test_what_serves_nobody_is_forgotten(
    past: Past,
    dispatcher: Engine,
    table: str,
    *,
    rows: str,
    forget: Callable[[Connection, int, int], int],
    age: int,
    batches: list[int],
) -> None:
    past.run(rows, workspace=past.tenant.workspace_id)
    young = past.count(table) - sum(batches)
    assert [in_one_transaction(dispatcher, forget, age, 2) for _ in batches] == batches
    assert past.count(table) == young


GUEST = """
    SELECT set_config('app.workspace_id', CAST(:host AS text), true),
        make_guest(:token, :workspace, :user, 'g', 'msg_', CAST(CAST(:token AS text) AS bytea), 1,
                   now() - make_interval(days => :days))"""


def test_guests_go_days_after_their_tokens_expired_with_all_that_they_asked_for(
    past: Past, owner: Engine, dispatcher: Engine
) -> None:
    past.analysis(1, None)
    guests = [Tenant(uuid.uuid4(), uuid.uuid4(), "") for _ in range(4)]
    for guest, days in zip(guests, (8, 9, 10, 6), strict=True):
        named = {"token": uuid.uuid4(), "workspace": guest.workspace_id, "user": guest.user_id, "days": days}
        past.run(GUEST, host=past.tenant.workspace_id, **named)
        theirs = Past(owner, guest)
        theirs.job(Subject(analysis_id=theirs.analysis(days, None)), days, parts=2)
    assert [in_one_transaction(dispatcher, oddments.forget_guests, 7, 2) for _ in range(3)] == [2, 1, 0]
    left = {"workspaces": 2, "userProfiles": 2, "guestTokens": 1, "analyses": 2, "jobQueue": 3}
    assert {table: past.count(table) for table in left} == left


def test_what_was_found_of_a_domain_is_forgotten_and_its_verdict_is_not(dispatcher: Engine, past: Past) -> None:
    for hours in (-1, 1, 2, 3):
        analysis_id = past.analysis(1, None)
        past.run(
            """INSERT INTO "domainAnalysis" ("analysisId", domain, status, evidence, recommendations, "expiresAt")
               VALUES (:id, 'example.com', 'valid', '{}', '[]', now() - make_interval(hours => :hours))""",
            id=analysis_id,
            hours=hours,
        )
    assert [in_one_transaction(dispatcher, oddments.forget_audits, 0, 2) for _ in range(3)] == [2, 1, 0]
    assert past.count("domainAnalysis", "evidence IS NULL AND recommendations IS NULL AND status = 'valid'") == 3


def test_past_runs_of_schedules_are_forgotten(dispatcher: Engine, past: Past, subject: Subject) -> None:
    past.run(
        """INSERT INTO schedules ("scheduleId", "workspaceId", "userId", name, cron, "uploadId")
           SELECT gen_random_uuid(), "workspaceId", "userId", n::text, '0 0 * * *', "uploadId"
           FROM uploads, generate_series(1, 3) AS n"""
    )
    past.run(
        """INSERT INTO "scheduleRuns" ("scheduleId", "dueAt")
           SELECT "scheduleId", now() - interval '1 day' * n FROM schedules, generate_series(89, 92) AS n"""
    )
    assert subject.upload_id
    assert [in_one_transaction(dispatcher, oddments.forget_schedule_runs, 90, 4) for _ in range(4)] == [4, 4, 1, 0]
    assert past.count("scheduleRuns") == past.count("scheduleRuns", "\"dueAt\" > now() - interval '90 days'") == 3


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> DispatcherSettings:
    return DispatcherSettings(
        database_url=database.dispatcher_url,
        rabbitmq_url="amqp://nowhere",
        storage_url=tmp_path.as_uri(),
        storage_shared=True,
    )


def removed(kind: str) -> float:
    return REGISTRY.get_sample_value("mailsift_retention_removed_total", {"kind": kind}) or 0


def test_a_turn_clears_away_all_that_is_due_and_counts_it(
    dispatcher: Engine, past: Past, subject: Subject, settings: DispatcherSettings
) -> None:
    storage = Storage(settings.storage_url)
    for number in range(250):
        storage.write(f"exports/{number}", [b"x"])
        past.export(8, expired_days=1, key=f"exports/{number}")
    past.job(subject, 31, parts=2)
    past.run("""UPDATE "jobQueue" SET "deletedAt" = now() - interval '2 hours' WHERE "parentJobId" IS NULL""")
    before = removed("export_files"), removed("jobs")
    assert Retention(dispatcher, storage, settings).turn(threading.Event()) == 253
    assert (removed("export_files") - before[0], removed("jobs") - before[1]) == (250, 3)
    assert Retention(dispatcher, storage, settings).turn(threading.Event()) == 0


def test_a_clearing_that_fails_keeps_no_other_from_its_work(
    dispatcher: Engine, past: Past, subject: Subject, settings: DispatcherSettings, tmp_path: Path
) -> None:
    past.job(subject, 31)
    storage = Storage(settings.storage_url)
    past.run("REVOKE SELECT ON exports FROM mailsift_dispatcher")
    past.run('REVOKE SELECT ON "rateLimits" FROM mailsift_dispatcher')
    assert Retention(dispatcher, storage, settings).turn(threading.Event()) == 1
    assert tmp_path.is_dir()


def test_a_turn_ends_soon_when_it_is_told_to(
    dispatcher: Engine, past: Past, subject: Subject, settings: DispatcherSettings
) -> None:
    past.job(subject, 31)
    stop = threading.Event()
    stop.set()
    assert Retention(dispatcher, Storage(settings.storage_url), settings).turn(stop) == 0
    assert past.count("jobQueue", '"deletedAt" IS NULL') == 1

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from factories import Tenant
from mailsift.dispatcher.repository.rows import ANSWERS, LISTS, Rows
from mailsift.dispatcher.retention import in_one_transaction
from mailsift.shared.jobs.job import Subject
from past import Past

HOUR = 3600


@pytest.fixture
def past(owner: Engine, tenant: Tenant) -> Past:
    return Past(owner, tenant)


@pytest.fixture
def mark(dispatcher: Engine) -> Callable[[Rows], int]:
    return lambda rows: in_one_transaction(dispatcher, rows.mark, 90, 1000)


@pytest.fixture
def drain(dispatcher: Engine) -> Callable[..., int]:
    return lambda rows, batch=1000: in_one_transaction(dispatcher, rows.drain, HOUR, batch)


def let_an_hour_pass(past: Past) -> None:
    for table in ("uploads", "analyses"):
        past.run(f"""UPDATE {table} SET "rowsExpiredAt" = "rowsExpiredAt" - interval '61 minutes'""")


def test_rows_of_an_old_list_go_batch_by_batch_and_its_preview_with_them(
    past: Past, mark: Callable[..., int], drain: Callable[..., int]
) -> None:
    old = past.upload(91, rows=25, rejected=3)
    past.upload(89, rows=5)
    assert mark(LISTS) == 1
    assert drain(LISTS) == 0
    let_an_hour_pass(past)
    assert [drain(LISTS, 10) for _ in range(4)] == [10, 10, 8, 0]
    assert (past.count("uploadEmails"), past.count("uploadRejectedRows")) == (5, 0)
    assert past.count("uploads", f'"uploadId" = \'{old}\' AND "rowsDeletedAt" IS NOT NULL AND emails IS NULL') == 1
    assert past.count("uploads", '"rowsExpiredAt" IS NULL AND emails IS NOT NULL') == 1


def test_a_batch_that_ends_with_a_list_leaves_it_to_the_next_to_say_so(
    past: Past, mark: Callable[..., int], drain: Callable[..., int]
) -> None:
    past.upload(91, rows=10)
    past.upload(91, rows=10)
    mark(LISTS)
    let_an_hour_pass(past)
    assert [drain(LISTS, 10) for _ in range(3)] == [10, 10, 0]
    assert past.count("uploads", '"rowsDeletedAt" IS NOT NULL') == 2


def test_many_small_lists_share_a_batch(past: Past, mark: Callable[..., int], drain: Callable[..., int]) -> None:
    for _ in range(5):
        past.upload(91, rows=3)
    assert mark(LISTS) == 5
    let_an_hour_pass(past)
    assert drain(LISTS, 100) == 15


def test_answers_go_before_the_list_they_are_about(
    past: Past, mark: Callable[..., int], drain: Callable[..., int]
) -> None:
    upload = past.upload(300, rows=4)
    past.analysis(91, upload, rows=4)
    young = past.analysis(89, upload, rows=4)
    assert (mark(ANSWERS), mark(LISTS)) == (1, 0)
    let_an_hour_pass(past)
    assert (drain(ANSWERS), drain(LISTS)) == (4, 0)
    assert past.count("advancedEmailResults", f"\"analysisId\" = '{young}'") == 4
    past.run("""UPDATE analyses SET "completedAt" = "completedAt" - interval '2 days' """)
    assert (mark(ANSWERS), mark(LISTS)) == (1, 1)
    let_an_hour_pass(past)
    assert (drain(ANSWERS), drain(LISTS)) == (4, 4)


def test_what_a_verdict_stands_on_goes_with_the_verdict(
    past: Past, mark: Callable[..., int], drain: Callable[..., int]
) -> None:
    for age in (91, 1):
        past.run(
            """INSERT INTO "singleAnalysis" ("analysisId", "emailAddress", evidence)
               VALUES (:id, 'ann@example.org', '{}')""",
            id=past.analysis(age, None, rows=1),
        )
    assert mark(ANSWERS) == 1
    let_an_hour_pass(past)
    assert drain(ANSWERS) == 1
    assert past.count("singleAnalysis", "evidence IS NULL") == 1
    assert past.count("singleAnalysis", "evidence IS NOT NULL") == 1


def start_an_analysis(past: Past, upload: uuid.UUID) -> None:
    analysis = past.analysis(0, upload)
    past.run(
        """UPDATE analyses SET status = 'processing', "completedAt" = NULL WHERE "analysisId" = :id""", id=analysis
    )
    past.job(Subject(analysis_id=analysis), 0, status="processing")


def test_a_list_whose_analysis_was_asked_for_in_the_last_moment_waits_for_it(
    past: Past, mark: Callable[..., int], drain: Callable[..., int]
) -> None:
    upload = past.upload(91, rows=4)
    assert mark(LISTS) == 1
    start_an_analysis(past, upload)
    let_an_hour_pass(past)
    assert drain(LISTS) == 0


def test_a_list_that_a_schedule_analyses_stays(past: Past, mark: Callable[..., int]) -> None:
    past.upload(91, rows=4)
    past.run(
        """INSERT INTO schedules ("scheduleId", "workspaceId", "userId", name, cron, "uploadId")
           SELECT gen_random_uuid(), "workspaceId", "userId", '', '0 0 * * *', "uploadId" FROM uploads"""
    )
    assert mark(LISTS) == 0
    past.run("UPDATE schedules SET enabled = false")
    assert mark(LISTS) == 1


@pytest.mark.parametrize("status", ["pending", "processing", "failed", "dead_letter", "cancelled"])
def test_what_a_job_may_still_need_stays_as_long_as_the_job(
    past: Past, mark: Callable[..., int], drain: Callable[..., int], status: str
) -> None:
    upload = past.upload(91, rows=4)
    analysis = past.analysis(91, past.upload(1), rows=4)
    exported = past.analysis(91, None, rows=4)
    export = past.export(8, expired_days=1, analysis_id=exported, key="")
    for subject in (Subject(upload_id=upload), Subject(analysis_id=analysis), Subject(export_id=export)):
        past.job(subject, 5, status=status)
    assert (mark(LISTS), mark(ANSWERS)) == (0, 0)
    # Also when it came between the mark and the deletion.
    past.run("""UPDATE uploads SET "rowsExpiredAt" = now() - interval '2 hours' """)
    past.run("""UPDATE analyses SET "rowsExpiredAt" = now() - interval '2 hours' """)
    assert (drain(LISTS), drain(ANSWERS)) == (0, 0)
    past.run("""UPDATE "jobQueue" SET "deletedAt" = now()""")
    assert (drain(LISTS), drain(ANSWERS)) == (4, 8)


def test_two_dispatchers_drain_different_lists(
    past: Past, dispatcher: Engine, mark: Callable[..., int], drain: Callable[..., int]
) -> None:
    past.upload(92, rows=10)
    mark(LISTS)
    let_an_hour_pass(past)
    with dispatcher.begin() as connection:
        assert LISTS.drain(connection, HOUR, 5) == 5
        past.upload(91, rows=10)
        mark(LISTS)
        # One of them is in the other's hands.
        past.run(
            """UPDATE uploads SET "rowsExpiredAt" = now() - interval '2 hours'
               WHERE "rowsExpiredAt" > now() - interval '1 hour'"""
        )
        assert drain(LISTS, 20) == 10
    assert drain(LISTS, 20) == 5


def test_a_kill_in_the_middle_loses_nothing_and_the_next_goes_on(
    past: Past, dispatcher: Engine, mark: Callable[..., int], drain: Callable[..., int]
) -> None:
    past.upload(91, rows=30)
    mark(LISTS)
    let_an_hour_pass(past)
    assert drain(LISTS, 10) == 10
    with dispatcher.connect() as killed:
        assert LISTS.drain(killed, HOUR, 10) == 10
        killed.invalidate()
    assert past.count("uploadEmails") == 20
    assert [drain(LISTS, 10) for _ in range(3)] == [10, 10, 0]


@pytest.mark.parametrize("table", ["uploadEmails", "uploadRejectedRows"])
def test_rows_are_deleted_by_their_key(past: Past, dispatcher: Engine, table: str) -> None:
    upload, *_ = [past.upload(91, rows=5_000, rejected=5_000) for _ in range(10)]
    past.run(f'ANALYZE "{table}"')
    (delete,) = [statement for statement in LISTS._delete if f'"{table}"' in statement.text]
    with dispatcher.begin() as connection:
        plan = "\n".join(connection.scalars(text(f"EXPLAIN {delete.text}"), {"id": upload, "batch": 1000}))
    assert f'"pk_{table}"' in plan
    assert '"sequenceNumber" <= $0' in plan
    assert "Seq Scan" not in plan

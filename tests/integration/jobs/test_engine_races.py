from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import text

from conftest import Database
from engines import SCHEDULE, Engines, done, fail, split, waiting_for_locks
from mailsift.dispatcher.reaper import drain_cancelled, reap_leases
from mailsift.shared.db.session import make_engine, tenant_transaction
from mailsift.shared.errors import PermanentError, Reschedule, ShuttingDown, TransientError
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import claiming, queueing, recovering
from mailsift.shared.jobs.retry import Ending, Schedule
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.jobs.states import JobStatus
from processes import wait_for


def start_and_see_waiting(engines: Engines, asking: threading.Thread) -> None:
    asking.start()
    wait_for(lambda: waiting_for_locks(engines.worker) == 1, "the other to wait for the job's row")


@pytest.mark.parametrize("end", [TransientError("storage_away", "no answer"), Reschedule(5, "busy"), ShuttingDown()])
def test_a_job_taken_back_while_it_runs_never_goes_back_into_the_queue(engines: Engines, end: Exception) -> None:
    def handler(_lease: Lease) -> None:
        assert engines.cancel() is JobStatus.PROCESSING
        raise end

    row = engines.run(handler)
    assert (row["status"], row["errorCode"], row["retryAfter"]) == ("cancelled", None, None)
    assert row["completedAt"] is not None
    assert engines.subject_status() == "cancelled"


def test_a_job_taken_back_whose_worker_falls_silent_is_cancelled(engines: Engines) -> None:
    def handler(_lease: Lease) -> None:
        engines.cancel()
        engines.expire()
        assert engines.reap() == 1

    assert engines.run(handler)["status"] == "cancelled"


def test_a_job_taken_back_before_its_standalone_was_killed_is_cancelled_at_the_next_start(engines: Engines) -> None:
    def handler(_lease: Lease) -> None:
        engines.cancel()
        with engines.worker.begin() as connection:
            assert recovering.void_all_leases(connection) == 1

    assert engines.run(handler)["status"] == "cancelled"
    assert engines.subject_status() == "cancelled"


def test_a_job_that_goes_back_into_the_queue_while_it_is_taken_back_is_cancelled(engines: Engines) -> None:
    said: list[JobStatus | None] = []
    asking = threading.Thread(target=lambda: said.append(engines.cancel()))

    def handler(lease: Lease) -> None:
        with engines.worker.begin() as connection:
            claiming.release(connection, lease.job.ref, Ending(JobStatus.PENDING, "rescheduled"))
            start_and_see_waiting(engines, asking)
        asking.join()

    assert engines.run(handler)["status"] == "cancelled"
    assert said == [JobStatus.CANCELLED]


def test_of_two_retries_at_once_one_does_something(engines: Engines) -> None:
    engines.run(split(1))
    child = engines.children()[0]["jobId"]
    engines.run(fail(PermanentError("bad_slice", "no")), child)
    said: list[bool] = []
    asking = threading.Thread(target=lambda: said.append(engines.retry()))
    with engines.worker.begin() as connection:
        assert queueing.retry(connection, engines.job_id)
        start_and_see_waiting(engines, asking)
    asking.join()
    assert said == [False]
    assert engines.row()["openChildren"] == 1


def test_a_job_that_is_taken_back_after_a_fault_shows_no_fault(engines: Engines) -> None:
    engines.run(fail(TransientError("storage_away", "the storage did not answer")))
    engines.cancel()
    assert (engines.row()["status"], engines.row()["errorCode"]) == ("cancelled", None)
    assert engines.retry()
    engines.run(fail(TransientError("storage_away", "the storage did not answer")))
    engines.run(split(1))
    engines.cancel()
    drain_cancelled(engines.dispatcher)
    assert (engines.row()["status"], engines.row()["errorCode"]) == ("cancelled", None)


def test_every_part_of_a_cancelled_job_has_its_end_among_the_events(engines: Engines) -> None:
    engines.run(split(3))
    engines.cancel()
    drain_cancelled(engines.dispatcher)
    with engines.worker.begin() as connection:
        ends = connection.scalar(text("""SELECT count(*) FROM "jobEvents" WHERE status = 'cancelled'"""))
    assert ends == 3 + 1


def test_a_worker_that_comes_back_before_it_is_reaped_keeps_its_job(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        engines.expire()
        with engines.dispatcher.begin() as connection:
            (expired,) = recovering.expired_leases(connection)
        engines.heartbeat.beat(time.monotonic(), extend=True)
        with engines.dispatcher.begin() as connection:
            assert not recovering.terminate_writer(connection, expired)
        done(lease)

    assert engines.run(handler)["status"] == "completed"


def test_a_connection_that_has_gone_on_to_another_job_is_left_alone(engines: Engines) -> None:
    engines.run(split(2))
    first, second = (child["jobId"] for child in engines.children())
    expired: list[recovering.ExpiredLease] = []

    def slow(lease: Lease) -> None:
        engines.expire()
        with engines.dispatcher.begin() as connection:
            expired.extend(recovering.expired_leases(connection))
        done(lease)

    def next_on_the_connection(lease: Lease) -> None:
        with engines.dispatcher.begin() as connection:
            assert not recovering.terminate_writer(connection, expired[0])
        done(lease)

    engines.run(slow, first)
    assert engines.run(next_on_the_connection, second)["status"] == "completed"


def test_a_writer_that_may_not_be_ended_does_not_keep_its_lease(engines: Engines, database: Database) -> None:
    superuser = make_engine(database.admin_url, "test-superuser")
    runner = JobRunner(superuser, engines.heartbeat, Announcer(superuser), 60, Schedule(base=60, cap=3600, jitter=0))
    reaped: list[int] = []

    def handler(_lease: Lease) -> None:
        engines.expire()
        reaped.append(engines.reap())

    runner.run(str(engines.job_id), 0, handler)
    superuser.dispose()
    assert reaped == [1]
    assert (engines.row()["status"], engines.row()["errorCode"]) == ("pending", "worker_lost")


def test_a_log_line_that_cannot_be_written_does_not_keep_an_attempt_from_ending(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        lease.log("info", "understood the file", columns=["a\0b"])
        done(lease)

    row = engines.run(handler)
    assert (row["status"], row["retryCount"]) == ("pending", 1)


def test_a_fault_that_quotes_a_nul_is_told_without_it(engines: Engines) -> None:
    row = engines.run(fail(PermanentError("bad_header", "the header reads a\0b")))
    assert (row["status"], row["errorMessage"]) == ("failed", "the header reads ab")


def test_a_late_drain_takes_nothing_from_a_job_that_was_retried(engines: Engines) -> None:
    engines.run(split(3))
    engines.cancel()
    with engines.dispatcher.begin() as connection:
        listed = recovering.cancelled_parents(connection)
    assert drain_cancelled(engines.dispatcher) == 3
    assert engines.row()["status"] == "cancelled"
    assert engines.retry()
    with engines.dispatcher.begin() as connection:
        assert [recovering.cancel_children(connection, parent) for parent in listed] == [0]
    assert {child["status"] for child in engines.children()} == {"pending"}


def test_a_part_that_is_cancelled_fails_a_job_that_is_not(engines: Engines) -> None:
    engines.run(split(1))
    child = engines.children()[0]["jobId"]
    with tenant_transaction(engines.api, engines.tenant.workspace_id) as connection:
        queueing.request_cancel(connection, child)
    assert (engines.row()["status"], engines.row()["errorCode"]) == ("failed", "part_cancelled")
    assert engines.retry()
    engines.run(done, child)
    assert engines.run(done)["status"] == "completed"


def test_a_row_that_somebody_holds_keeps_no_chore_from_the_others(engines: Engines) -> None:
    impatient = make_engine(
        engines.dispatcher.url.render_as_string(hide_password=False), "test-chores", lock_timeout_seconds=0.1
    )
    engines.run(split(2))
    held, other = engines.children()

    def outlive_the_other(_lease: Lease) -> None:
        def hold_the_other(_lease: Lease) -> None:
            engines.expire()
            with engines.worker.begin() as connection:
                row = text('SELECT FROM "jobQueue" WHERE "jobId" = :id FOR UPDATE')
                connection.execute(row, {"id": held["jobId"]})
                assert reap_leases(impatient, SCHEDULE) == 1

        engines.run(hold_the_other, other["jobId"])
        assert engines.row(held["jobId"])["status"] == "processing"
        assert reap_leases(impatient, SCHEDULE) == 1

    engines.run(outlive_the_other, held["jobId"])
    assert [child["errorCode"] for child in engines.children()] == ["worker_lost", "worker_lost"]
    impatient.dispose()

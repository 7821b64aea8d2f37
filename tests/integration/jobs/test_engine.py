from __future__ import annotations

import threading
import time
import uuid

from sqlalchemy import text

from engines import Engines, Row, done, fail, split
from mailsift.dispatcher.reaper import drain_cancelled
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.errors import PermanentError, Reschedule, TransientError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import dispatching, recovering
from mailsift.shared.jobs.states import JobStatus


def test_a_job_runs_to_its_end_and_takes_its_subject_along(engines: Engines) -> None:
    row = engines.run(done)
    assert (row["status"], row["progress"], row["attempt"], row["result"]) == ("completed", 100, 1, {"rows": 1})
    assert row["leaseToken"] is None
    assert engines.subject_status() == "completed"
    with engines.worker.begin() as connection:
        events = connection.execute(text('SELECT status, cause FROM "jobEvents" ORDER BY "jobEventId"')).all()
    assert [tuple(event) for event in events] == [
        ("pending", "queued"),
        ("processing", "claimed"),
        ("completed", "completed"),
    ]


def test_of_many_deliveries_of_one_message_one_is_followed(engines: Engines) -> None:
    ran = []
    barrier = threading.Barrier(8)

    def handler(lease: Lease) -> None:
        ran.append(1)
        done(lease)

    def deliver() -> None:
        barrier.wait()
        engines.runner.run(str(engines.job_id), 0, handler)

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ran) == 1
    assert engines.row()["attempt"] == 1


def test_a_handler_that_forgets_to_end_its_job_has_failed(engines: Engines) -> None:
    row = engines.run(lambda _lease: None)
    assert (row["status"], row["retryCount"], row["errorCode"]) == ("pending", 1, "internal_error")


def test_the_inputs_fault_fails_at_once_and_for_good(engines: Engines) -> None:
    row = engines.run(fail(PermanentError("empty_file", "the file is empty")))
    assert (row["status"], row["errorCode"], row["errorMessage"]) == ("failed", "empty_file", "the file is empty")
    assert engines.subject_status() == "failed"


def test_a_passing_fault_waits_longer_each_time_and_ends_as_a_dead_letter(engines: Engines) -> None:
    waits = []
    row = engines.row()
    for _ in range(6):
        row = engines.run(fail(TransientError("storage_away", "the storage did not answer")))
        if row["retryAfter"]:
            waits.append(round((row["retryAfter"] - row["updatedAt"]).total_seconds()))
    assert waits == [60, 120, 240, 480, 960]
    assert (row["status"], row["attempt"], row["retryCount"]) == ("dead_letter", 6, 6)


def test_waiting_for_something_uses_up_no_retry(engines: Engines) -> None:
    row = engines.run(fail(Reschedule(5, "domain claimed")))
    assert (row["status"], row["retryCount"], row["attempt"]) == ("pending", 0, 1)
    assert row["dueAt"] > row["updatedAt"]


def test_a_stop_hands_the_job_back_with_its_checkpoint_and_no_retry_used_up(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        with lease.transaction() as transaction:
            transaction.checkpoint({"row": 7}, processed=7)
        engines.runner.stopping.set()
        with lease.transaction():
            raise AssertionError("must not begin")

    row = engines.run(handler)
    assert (row["status"], row["retryCount"], row["checkpoint"]) == ("pending", 0, {"row": 7})
    assert engines.subject_status() == "processing"


def test_a_zombie_cannot_write_once_its_lease_was_reaped(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        with lease.transaction() as transaction:
            transaction.connection.execute(text("UPDATE analyses SET notices = '{zombie}'"))
            with engines.worker.begin() as other:
                other.execute(text('UPDATE "jobQueue" SET "leaseToken" = gen_random_uuid()'))

    assert engines.run(handler)["status"] == "processing"
    with engines.worker.begin() as connection:
        assert connection.scalar(text("SELECT notices FROM analyses")) == []


def test_the_reaper_ends_the_silent_writer_and_frees_its_job(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        engines.expire()
        assert engines.reap() == 1
        done(lease)

    row = engines.run(handler)
    assert (row["status"], row["retryCount"], row["errorCode"]) == ("pending", 1, "worker_lost")
    assert engines.reap() == 0
    assert engines.run(done)["status"] == "completed"


def test_a_job_that_kills_its_workers_ends_as_a_dead_letter(engines: Engines) -> None:
    def killed(_lease: Lease) -> None:
        engines.expire()
        engines.reap()

    waits = []
    for _ in range(5):
        row = engines.run(killed)
        waits.append(round((row["dueAt"] - row["updatedAt"]).total_seconds()))
    # From the second time on it parts from those that were killed with it.
    assert waits == [0, 60, 120, 240, 480]
    row = engines.run(killed)
    assert (row["status"], row["errorCode"]) == ("dead_letter", "worker_lost")
    assert engines.subject_status() == "failed"


def test_a_heartbeat_renews_progress_and_lease_and_brings_a_cancellation(engines: Engines) -> None:
    seen: list[Row] = []

    def handler(lease: Lease) -> None:
        lease.report(5, total=20, step="reading")
        before = engines.row()["leaseUntil"]
        engines.cancel()
        engines.heartbeat.beat(time.monotonic(), extend=True)
        seen.append(engines.row())
        assert seen[0]["leaseUntil"] > before
        lease.check()

    row = engines.run(handler)
    assert (seen[0]["processedItems"], seen[0]["progress"], seen[0]["currentStep"]) == (5, 25, "reading")
    assert row["status"] == "cancelled"
    assert engines.subject_status() == "cancelled"


def test_a_pending_job_is_cancelled_at_once(engines: Engines) -> None:
    assert engines.cancel() is JobStatus.CANCELLED
    assert engines.run(done)["status"] == "cancelled"


def test_a_parent_waits_for_its_children_and_then_goes_on(engines: Engines) -> None:
    row = engines.run(split(3))
    assert (row["status"], row["leaseToken"], row["openChildren"]) == ("processing", None, 3)
    children = engines.children()
    engines.run(done, children[0]["jobId"])
    assert (engines.row()["openChildren"], engines.row()["progress"]) == (2, 66)
    engines.runner.run(str(children[0]["jobId"]), 0, done)  # a repeated message
    assert engines.row()["openChildren"] == 2
    for child in children[1:]:
        engines.run(done, child["jobId"])
    row = engines.row()
    assert (row["status"], row["openChildren"], row["checkpoint"]) == ("pending", 0, {"phase": "finish"})
    assert engines.subject_status() == "processing"
    assert engines.run(done)["status"] == "completed"


def test_children_that_end_at_once_hand_their_parent_on_exactly_once(engines: Engines) -> None:
    engines.run(split(24))
    children = [str(child["jobId"]) for child in engines.children()]
    runner = engines.runner

    def deliver(mine: list[str]) -> None:
        for child in mine:
            runner.run(child, 0, done)

    # Every message twice, from six threads.
    threads = [threading.Thread(target=deliver, args=(children[n::3],)) for n in range(3) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engines.row()["status"] == "pending"
    with engines.worker.begin() as connection:
        handed_on = text("""SELECT count(*) FROM "jobEvents" WHERE cause = 'children ended'""")
        assert connection.scalar(handed_on) == 1


def test_a_child_that_dies_fails_its_parent_and_a_retry_of_the_root_runs_it_again(engines: Engines) -> None:
    engines.run(split(2))
    first, second = engines.children()
    engines.run(done, first["jobId"])
    engines.run(fail(PermanentError("bad_slice", "no")), second["jobId"])
    row = engines.row()
    assert (row["status"], row["errorCode"]) == ("failed", "bad_slice")
    assert engines.subject_status() == "failed"
    assert engines.retry()
    assert (engines.row()["status"], engines.row()["openChildren"]) == ("processing", 1)
    assert engines.subject_status() == "processing"
    engines.run(done, second["jobId"])
    assert engines.run(done)["status"] == "completed"
    assert not engines.retry()


def test_cancelling_a_parent_ends_its_waiting_children_and_itself(engines: Engines) -> None:
    engines.run(split(5))
    running = engines.children()[0]["jobId"]

    def handler(lease: Lease) -> None:
        assert engines.cancel() is JobStatus.PROCESSING
        assert drain_cancelled(engines.dispatcher) == 4
        assert engines.row()["status"] == "processing"
        engines.heartbeat.beat(0.0, extend=False)
        lease.check()

    assert engines.run(handler, running)["status"] == "cancelled"
    assert (engines.row()["status"], engines.row()["openChildren"]) == ("cancelled", 0)
    assert engines.subject_status() == "cancelled"
    assert engines.retry()
    assert engines.row()["openChildren"] == 5


def test_a_cancelled_parent_begins_no_new_phase(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        engines.cancel()
        split(3)(lease)

    assert engines.run(handler)["status"] == "cancelled"
    assert engines.children() == []


def test_hints_are_taken_once_and_again_when_nobody_claimed(engines: Engines) -> None:
    def take() -> list[dispatching.Hint]:
        with engines.dispatcher.begin() as connection:
            waiters = dispatching.waiting(connection, ["analyzer.analyses"], {})
            return dispatching.take(connection, {"analyzer.analyses": 10}, waiters, uuid.uuid4())

    def republish(after_seconds: float) -> int:
        with engines.dispatcher.begin() as connection:
            return recovering.republish(connection, after_seconds)

    assert [hint.job_id for hint in take()] == [engines.job_id]
    assert take() == []
    with engines.dispatcher.begin() as connection:
        assert dispatching.outstanding(connection)["analyzer.analyses"].count == 1
    assert republish(120) == 0
    assert take() == []
    assert republish(0) == 1
    assert [hint.attempt for hint in take()] == [0]


def test_the_holder_of_a_data_directory_hands_back_whatever_ran(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        with engines.worker.begin() as connection:
            assert recovering.void_all_leases(connection) == 1
        done(lease)

    row = engines.run(handler)
    assert (row["status"], row["retryCount"], row["dispatchedAt"]) == ("pending", 0, None)


def test_log_lines_are_kept_with_the_attempt(engines: Engines) -> None:
    def handler(lease: Lease) -> None:
        lease.log("info", "understood the file", rows=3)
        done(lease)

    engines.run(handler)
    with tenant_transaction(engines.api, engines.tenant.workspace_id) as connection:
        lines = connection.execute(text('SELECT attempt, level, message, metadata FROM "jobLogs"')).all()
    assert [tuple(line) for line in lines] == [(1, "info", "understood the file", {"rows": 3})]


def test_a_message_that_comes_while_the_worker_stops_goes_to_another_one_at_once(engines: Engines) -> None:
    engines.runner.stopping.set()
    row = engines.run(done)
    assert (row["status"], row["retryCount"], row["dispatchedAt"]) == ("pending", 0, None)
    assert row["dueAt"] <= row["updatedAt"]

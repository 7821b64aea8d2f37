from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import dramatiq
import pytest
from sqlalchemy import Engine

from engines import Engines, done
from factories import Tenant, enqueue, make_analysis, make_export, make_tenant, make_upload
from mailsift.dispatcher.deliveries import (
    MOST_WORKERS_LOST,
    OF_EACH,
    publish_deliveries,
    recover_deliveries,
    tell_progress,
)
from mailsift.dispatcher.repository import deliveries, files
from mailsift.dispatcher.retention import in_one_transaction
from mailsift.shared.errors import PermanentError, TransientError
from mailsift.shared.events import WebhookEvent
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Child, Subject
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository.claiming import Waiting
from post import Post

URL = "https://hooks.example.com/"


class Broker:
    """Takes messages, or none of them."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.messages: list[dramatiq.Message[None]] = []

    def send(self, messages: Sequence[dramatiq.Message[None]]) -> set[str]:
        self.messages += messages if self.takes else []
        return set() if self.takes else {message.message_id for message in messages}

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def post(owner: Engine, worker: Engine, dispatcher: Engine, tenant: Tenant) -> Post:
    return Post(owner, worker, dispatcher, tenant, URL).open()


@pytest.fixture
def run(owner: Engine, post: Post, api: Engine, worker: Engine, dispatcher: Engine) -> Callable[..., dict[str, Any]]:
    """Run a job of a type to its end by a handler."""

    def act(job_type: JobType, handler: Callable[[Lease], None], **payload: object) -> dict[str, Any]:
        with owner.begin() as connection:
            upload_id = make_upload(connection, post.tenant)
            analysis_id = make_analysis(connection, post.tenant, upload_id)
            subject = {
                JobType.FILE_PROCESSING: Subject(upload_id=upload_id),
                JobType.EXPORT: Subject(export_id=make_export(connection, post.tenant, analysis_id)),
            }.get(job_type, Subject(analysis_id=analysis_id))
            job_id = enqueue(connection, post.tenant, job_type, subject, **payload)
            if handler is exhausted:
                post_job = {"id": job_id}
                connection.exec_driver_sql(
                    'UPDATE "jobQueue" SET "retryCount" = "maxRetries" WHERE "jobId" = %(id)s', post_job
                )
        ids: dict[str, str | None] = {"uploadId": str(upload_id), "analysisId": None, "exportId": None}
        if subject.upload_id is None:
            ids["analysisId"] = str(analysis_id)
            ids["exportId"] = None if subject.export_id is None else str(subject.export_id)
        row = Engines(worker, dispatcher, api, post.tenant, job_id).run(handler)
        return {**row, "ids": ids}

    return act


def failed(_lease: Lease) -> None:
    raise PermanentError("empty_file", "there is not one byte in the file")


def exhausted(_lease: Lease) -> None:
    raise TransientError("storage_away", "the storage does not answer")


def test_the_end_of_a_job_is_told_with_what_it_is_about(post: Post, run: Any) -> None:
    for job_type, handler, event in (
        (JobType.FILE_PROCESSING, done, "upload.completed"),
        (JobType.SINGLE_ANALYSIS, done, "analysis.completed"),
        (JobType.BULK_ANALYSIS, done, "analysis.completed"),
        (JobType.ADVANCED_ANALYSIS, done, "analysis.completed"),
        (JobType.EXPORT, done, "export.completed"),
        (JobType.EXPORT, failed, "job.failed"),
        (JobType.ADVANCED_ANALYSIS, exhausted, "job.dead_letter"),
    ):
        job = run(job_type, handler)
        message = post.deliveries()[-1]
        payload, ended = message["payload"], {name: job[name] for name in ("status", "result", "errorCode")}
        assert (message["event"], payload["type"], message["status"]) == (event, event, "pending")
        assert abs(dt.datetime.fromisoformat(payload["timestamp"]) - message["createdAt"]) < dt.timedelta(minutes=1)
        about = {"jobId": str(job["jobId"]), "jobType": job_type.value, **job["ids"]}
        assert payload["data"] == {**about, **ended, "errorMessage": job["errorMessage"]}
    assert len(post.deliveries()) == 7


def test_a_try_that_is_not_the_last_is_not_told(post: Post, run: Any) -> None:
    def tried(_lease: Lease) -> None:
        raise TransientError("storage_away", "the storage does not answer")

    run(JobType.EXPORT, tried)
    assert post.deliveries() == []


def test_a_look_at_a_list_is_not_told(post: Post, run: Any) -> None:
    run(JobType.FILE_PROCESSING, done, preview=True)
    assert post.deliveries() == []


def test_what_is_rolled_back_was_not_told(post: Post, run: Any) -> None:
    def undone(lease: Lease) -> None:
        with lease.transaction() as transaction:
            transaction.complete({})
            raise PermanentError("changed_its_mind", "after all")

    run(JobType.EXPORT, undone)
    assert [message["event"] for message in post.deliveries()] == ["job.failed"]


def test_only_those_are_told_who_want_to_hear_it_and_are_of_the_workspace(
    owner: Engine, worker: Engine, dispatcher: Engine, post: Post, run: Any
) -> None:
    with owner.begin() as connection:
        stranger = make_tenant(connection, "Stranger")
    others = [
        Post(owner, worker, dispatcher, stranger, URL).open(),
        Post(owner, worker, dispatcher, post.tenant, URL).open([WebhookEvent.UPLOAD_COMPLETED]),
        post.another(URL),
    ]
    post.run('UPDATE webhooks SET enabled = false WHERE "webhookId" = :id', id=others[2].webhook_id)
    run(JobType.EXPORT, done)
    assert [len(each.deliveries()) for each in (post, *others)] == [1, 0, 0, 0]


def planned(lease: Lease) -> None:
    with lease.transaction() as transaction:
        waiting = Waiting("scoring", 0, 90, 1, {})
        transaction.wait_for([Child(JobType.EMAIL_SCORING, "a", {}, 1)], waiting)


def test_a_part_is_not_told_but_what_it_does_to_the_whole(
    post: Post, run: Any, worker: Engine, dispatcher: Engine, api: Engine
) -> None:
    job = run(JobType.ADVANCED_ANALYSIS, planned)
    engines = Engines(worker, dispatcher, api, post.tenant, job["jobId"])
    (part,) = engines.children()
    engines.run(failed, part["jobId"])
    (message,) = post.deliveries()
    assert (message["event"], message["payload"]["data"]["jobId"]) == ("job.failed", str(job["jobId"]))
    assert message["payload"]["data"]["errorCode"] == "empty_file"


def test_a_worker_that_dies_for_the_last_time_is_told(
    post: Post, run: Any, worker: Engine, dispatcher: Engine, api: Engine
) -> None:
    def dies(_lease: Lease) -> None:
        post.run("""UPDATE "jobQueue" SET "leaseUntil" = now() - interval '1 s', "retryCount" = "maxRetries" """)
        raise SystemExit

    with pytest.raises(SystemExit):
        run(JobType.EXPORT, dies)
    Engines(worker, dispatcher, api, post.tenant, uuid.uuid4()).reap()
    assert [message["event"] for message in post.deliveries()] == ["job.dead_letter"]


def test_progress_is_told_once_in_each_stretch_of_time_whoever_looks(post: Post, run: Any, dispatcher: Engine) -> None:
    run(JobType.ADVANCED_ANALYSIS, planned)
    told = [tell_progress(dispatcher, 3600) for _ in range(2)]
    assert sum(told) == len(post.deliveries()) in {1, 2}  # the hour may just have been full
    data = post.deliveries()[0]["payload"]["data"]
    assert (data["currentStep"], data["processedItems"], data["totalItems"]) == ("scoring", 0, 1)
    post.run("""UPDATE "jobQueue" SET "updatedAt" = now() - interval '1 day', "heartbeatAt" = NULL""")
    post.run('DELETE FROM "webhookDeliveries"')
    assert tell_progress(dispatcher, 3600) == 0


def test_a_file_that_soon_goes_is_told_once(post: Post, run: Any, dispatcher: Engine) -> None:
    job = run(JobType.EXPORT, done)
    post.run("""UPDATE exports SET "expiresAt" = now() + interval '2 hours'""")
    warnings = [in_one_transaction(dispatcher, files.warn_of_expiry, 24, 10) for _ in range(2)]
    assert warnings == [1, 0]
    _, message = post.deliveries()
    data = message["payload"]["data"]
    assert message["event"] == "export.expiring"
    assert {name: data[name] for name in job["ids"]} == job["ids"]
    assert data["fileName"] == "list-analysed.csv"
    assert dt.datetime.fromisoformat(data["expiresAt"]) > dt.datetime.now(dt.UTC)


def test_hints_are_sent_for_what_is_due_and_not_twice(post: Post, dispatcher: Engine) -> None:
    first = post.write()
    post.write(dueAt=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    post.write(status="failed")
    broker = Broker()
    assert [publish_deliveries(dispatcher, broker) for _ in range(2)] == [1, 0]
    (message,) = broker.messages
    assert (message.queue_name, message.actor_name) == ("exporter.deliveries", "webhook_delivery")
    assert message.kwargs == {"delivery_id": str(first), "attempt": 0}


def test_what_the_broker_did_not_take_is_sent_at_the_next_turn(post: Post, dispatcher: Engine) -> None:
    post.write()
    broker = Broker(takes=False)
    assert publish_deliveries(dispatcher, broker) == 0
    broker.takes = True
    assert publish_deliveries(dispatcher, broker) == 1


def test_one_webhook_with_much_to_hear_holds_up_no_other(post: Post) -> None:
    for _ in range(OF_EACH + 3):
        post.write()
    other = post.another(URL)
    theirs = other.write()
    assert post.take(most=2)[1].delivery_id == theirs or theirs in {hint.delivery_id for hint in post.take(2)}
    post.run("""UPDATE "webhookDeliveries" SET "dispatchedAt" = NULL""")
    assert len(post.take()) == OF_EACH + 1
    # Those four are under way.
    assert post.take() == []


def test_a_hint_that_nobody_claims_is_sent_again(post: Post, dispatcher: Engine) -> None:
    post.write()
    assert len(post.take()) == 1
    assert recover_deliveries(dispatcher, 120) == 0
    post.run("""UPDATE "webhookDeliveries" SET "dispatchedAt" = now() - interval '121 seconds'""")
    assert recover_deliveries(dispatcher, 120) == 1
    assert len(post.take()) == 1


def test_a_message_whose_worker_fell_silent_is_sent_again(post: Post, dispatcher: Engine) -> None:
    delivery_id = post.write(status="delivering", attempt=1, leaseToken=uuid.uuid4())
    post.run("""UPDATE "webhookDeliveries" SET "dispatchedAt" = now(), "leaseUntil" = now() - interval '1 second'""")
    assert recover_deliveries(dispatcher, 120) == 1
    assert post.delivery(delivery_id)["errorCode"] == "worker_lost"
    assert [(hint.delivery_id, hint.attempt) for hint in post.take()] == [(delivery_id, 1)]


def test_a_message_that_kills_its_workers_waits_longer_each_time_and_ends(post: Post, dispatcher: Engine) -> None:
    delivery_id = post.write()
    for lost in range(MOST_WORKERS_LOST):
        post.run("""UPDATE "webhookDeliveries" SET status = 'delivering', "leaseToken" = gen_random_uuid(),
                    "dispatchedAt" = now(), "leaseUntil" = now() - interval '1 second'""")
        before = post.delivery(delivery_id)["now"]
        assert recover_deliveries(dispatcher, 120) == 1
        row = post.delivery(delivery_id)
        assert before <= row["dueAt"] - dt.timedelta(seconds=30 * lost) <= row["now"]
    row = post.delivery(delivery_id)
    assert (row["status"], row["errorCode"], row["failures"], row["leaseToken"]) == ("failed", "worker_lost", 0, None)
    assert row["completedAt"] is not None
    assert recover_deliveries(dispatcher, 120) == 0
    assert post.take() == []


def test_the_log_is_kept_for_so_long_and_what_is_not_over_stays(post: Post, dispatcher: Engine) -> None:
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=31)
    for status in ("delivered", "failed", "pending"):
        post.write(status=status, createdAt=old)
    post.write(status="delivered")
    assert [in_one_transaction(dispatcher, deliveries.forget, 30, 1) for _ in range(3)] == [1, 1, 0]
    assert [message["status"] for message in post.deliveries()] == ["pending", "delivered"]

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from sqlalchemy import Engine, text
from standardwebhooks.webhooks import Webhook

from engines import waiting_for_locks
from factories import Tenant
from file_host import FileHost, Send, answer, redirect, run_file_host
from mailsift.dispatcher import steering
from mailsift.dispatcher.deliveries import publish_deliveries
from mailsift.dispatcher.publisher import InProcessPublisher
from mailsift.exporter.actors import declare_actors
from mailsift.exporter.delivering import Courier, deliver
from mailsift.exporter.handlers import ExporterDeps
from mailsift.shared.broker import in_process_broker
from mailsift.shared.events import WebhookEvent
from mailsift.shared.jobs.catalog import DELIVERY_QUEUE
from mailsift.shared.jobs.worker import JobWorker
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.outbound.dialing import Dialer
from mailsift.shared.settings import WorkerSettings
from mailsift.shared.storage import Storage
from post import SECRET, LocalNames, Post, courier_to
from processes import wait_for
from telling import parent_id, telling, trace_id


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FileHost]:
    with run_file_host(tmp_path) as running:
        running.pages["/hook"] = answer("200 OK", b"thank you")
        yield running


@pytest.fixture
def post(owner: Engine, worker: Engine, dispatcher: Engine, tenant: Tenant, host: FileHost) -> Post:
    return Post(owner, worker, dispatcher, tenant, host.url("/hook?token=hidden")).open()


def lost() -> float:
    return REGISTRY.get_sample_value("mailsift_webhook_deliveries_total", {"outcome": "lost"}) or 0


def outcome(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["status"], row["responseStatus"], row["errorCode"], row["failures"]


def parts(request: str) -> tuple[str, dict[str, str]]:
    first, *lines = request.strip().split("\r\n")
    return first, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def test_a_message_is_posted_signed_and_its_answer_kept(post: Post, host: FileHost) -> None:
    expired = """INSERT INTO "webhookSecrets" VALUES (:id, :webhook, 'whsec_b2xk', now(), now() - interval '1 s')"""
    post.run(expired, id=uuid.uuid4(), webhook=post.webhook_id)
    delivery_id = post.write()
    (row,) = post.deliver(courier_to(host))
    first, headers = parts(host.requests[0])
    assert first == "POST /hook?token=hidden HTTP/1.1"
    assert (headers["content-type"], headers["webhook-id"]) == ("application/json", str(delivery_id))
    said = Webhook(SECRET).verify(host.bodies[0], headers)
    assert said == row["payload"] == {"type": "export.completed", "data": {"ünïcode": "\U0001f600"}}
    assert headers["webhook-signature"].count("v1,") == 1
    assert outcome(row) == ("delivered", 200, None, 0)
    assert (row["responseBody"], row["attempt"], row["leaseToken"]) == ("thank you", 1, None)
    assert row["durationMs"] >= 0
    assert row["createdAt"] <= row["attemptedAt"] <= row["completedAt"]


def test_a_hint_of_the_dispatcher_leads_a_worker_to_the_message(post: Post, host: FileHost, tmp_path: Path) -> None:
    broker = in_process_broker()
    settings = WorkerSettings(
        database_url=post.worker.url.render_as_string(hide_password=False), rabbitmq_url="amqp://in-process"
    )
    jobs = JobWorker(settings, "exporter", serve_health=False)
    declare_actors(broker, jobs.runner, ExporterDeps(Storage(tmp_path.as_uri()), 7, courier=courier_to(host)))
    worker = dramatiq.Worker(broker, worker_threads=2, worker_timeout=50)
    worker.start()
    delivery_id = post.write()
    assert publish_deliveries(post.dispatcher, InProcessPublisher(broker)) == 1
    wait_for(lambda: post.delivery(delivery_id)["status"] == "delivered", "the message to be delivered")
    worker.stop()
    jobs.engine.dispose()
    assert len(host.requests) == 1


def test_while_secrets_overlap_a_message_is_signed_by_both(post: Post, host: FileHost) -> None:
    newer = "whsec_bmV3ZXIgYnkgZmFyIGFuZCBsb25nIGVub3VnaA=="
    post.run("""UPDATE "webhookSecrets" SET "expiresAt" = now() + interval '1 hour'""")
    current = 'INSERT INTO "webhookSecrets" VALUES (:id, :webhook, :secret)'
    post.run(current, id=uuid.uuid4(), webhook=post.webhook_id, secret=newer)
    post.write()
    post.deliver(courier_to(host))
    _, headers = parts(host.requests[0])
    for secret in (SECRET, newer):
        Webhook(secret).verify(host.bodies[0], headers)


def test_what_is_not_taken_waits_and_is_sent_again_under_the_same_id(post: Post, host: FileHost) -> None:
    host.pages["/hook"] = answer("503 Service Unavailable", b"busy")
    delivery_id = post.write()
    (row,) = post.deliver(courier_to(host))
    assert outcome(row) == ("pending", 503, "url_refused", 1)
    assert 14 < (row["dueAt"] - row["attemptedAt"]).total_seconds() < 60
    assert post.webhook()["failingSince"] is not None
    assert post.take() == []
    host.pages["/hook"] = answer("204 No Content")
    post.run("""UPDATE "webhookDeliveries" SET "dueAt" = now()""")
    (row,) = post.deliver(courier_to(host))
    assert outcome(row) == ("delivered", 204, None, 1)
    assert {parts(request)[1]["webhook-id"] for request in host.requests} == {str(delivery_id)}
    assert post.webhook()["failingSince"] is None


def test_a_redirect_is_a_failure_and_not_followed(post: Post, host: FileHost) -> None:
    host.pages["/hook"] = redirect(host.url("/elsewhere"), "307 Temporary Redirect")
    post.write()
    (row,) = post.deliver(courier_to(host))
    assert (outcome(row), len(host.requests)) == (("pending", 307, "url_refused", 1), 1)


def test_nothing_private_is_told_anything(post: Post, host: FileHost) -> None:
    post.write()
    courier = Courier(courier_to(host).sender.__class__(Dialer(None, LocalNames(), 5, host.ca_file), 5))
    (row,) = post.deliver(courier)
    assert (outcome(row), host.requests) == (("pending", None, "url_not_allowed", 1), [])
    assert "127.0.0.1" not in row["errorMessage"]


def test_an_answer_without_end_costs_neither_time_nor_memory(post: Post, host: FileHost) -> None:
    def endless(send: Send) -> None:
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            send(b"x\0" * 4096)

    host.pages["/hook"] = endless
    post.write()
    (row,) = post.deliver(courier_to(host))
    assert (outcome(row), row["responseBody"]) == (("delivered", 200, None, 0), "x" * 512)


def test_silence_is_waited_for_only_so_long(post: Post, host: FileHost) -> None:
    host.pages["/hook"] = lambda _send: time.sleep(10)
    post.write()
    (row,) = post.deliver(courier_to(host, 0.5))
    assert outcome(row) == ("pending", None, "url_timeout", 1)
    assert 400 < row["durationMs"] < 8000


def test_a_message_that_two_hints_name_is_sent_by_one(post: Post, host: FileHost) -> None:
    post.write()
    (hint,) = post.take()
    courier = courier_to(host)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(deliver, courier, post.worker, hint.delivery_id, hint.attempt) for _ in range(4)]:
            done.result()
    assert len(host.requests) == 1
    deliver(courier, post.worker, hint.delivery_id, hint.attempt)
    assert len(host.requests) == 1


def test_one_whose_message_was_given_to_another_writes_nothing(post: Post, host: FileHost) -> None:
    delivery_id = post.write()

    def taken(send: Send) -> None:
        post.run("""UPDATE "webhookDeliveries" SET "leaseToken" = gen_random_uuid()""")
        answer("500 Internal Server Error")(send)

    host.pages["/hook"] = taken
    post.deliver(courier_to(host))
    assert outcome(post.delivery(delivery_id)) == ("delivering", None, None, 0)
    assert post.webhook()["failingSince"] is None


def test_one_that_comes_back_after_its_time_sends_nothing(
    post: Post, host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailsift.exporter.repository import deliveries

    claim = deliveries.claim

    def slowly(*arguments: Any) -> Any:
        claimed = claim(*arguments)
        time.sleep(0.4)
        return claimed

    monkeypatch.setattr(deliveries, "claim", slowly)
    post.write()
    (row,) = post.deliver(courier_to(host, 0.3))
    assert (outcome(row), host.requests) == (("pending", None, "url_timeout", 1), [])


def test_a_webhook_that_failed_for_days_is_disabled_with_a_word(post: Post, host: FileHost) -> None:
    host.pages["/hook"] = answer("500 Internal Server Error")
    post.run("""UPDATE webhooks SET "failingSince" = now() - interval '6 days'""")
    first = post.write()
    post.write(dueAt="infinity")
    (row,) = post.deliver(courier_to(host))
    webhook = post.webhook()
    assert (row["deliveryId"], outcome(row)) == (first, ("failed", 500, "url_refused", 1))
    assert (webhook["enabled"], webhook["disabledReason"]) == (False, "failing")
    assert [(row["status"], row["errorCode"]) for row in post.deliveries()] == [
        ("failed", "url_refused"),
        ("failed", "webhook_disabled"),
    ]
    told = post.rows('SELECT "activityType", "entityType", "entityId", "activityDetails" FROM "userActivities"')
    assert [tuple(row.values()) for row in told] == [
        ("webhook_disabled", "webhook", post.webhook_id, {"reason": "failing"})
    ]


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        ("enabled = false", ("failed", 500, "url_refused", 1)),
        ('"failingSince" = NULL', ("pending", 500, "url_refused", 1)),
    ],
)
def test_what_became_of_the_webhook_meanwhile_counts(
    post: Post, host: FileHost, meanwhile: str, expected: tuple[object, ...]
) -> None:
    since = "now() - interval '6 days'" if "failingSince" in meanwhile else "NULL"
    post.run(f'UPDATE webhooks SET "failingSince" = {since}')

    def fail(send: Send) -> None:
        post.run(f"UPDATE webhooks SET {meanwhile}")
        answer("500 Internal Server Error")(send)

    host.pages["/hook"] = fail
    post.write()
    (row,) = post.deliver(courier_to(host))
    assert outcome(row) == expected
    assert (post.webhook()["enabled"], post.webhook()["disabledReason"]) == ("enabled" not in meanwhile, None)


def test_who_deletes_a_webhook_and_who_tells_it_do_not_wait_for_each_other(post: Post, host: FileHost) -> None:
    before = lost()
    host.pages["/hook"] = answer("500 Internal Server Error")
    post.write()
    with ThreadPoolExecutor(1) as pool, post.owner.connect() as deleting:
        deleting.execute(text("SELECT FROM webhooks FOR UPDATE"))
        telling = pool.submit(post.deliver, courier_to(host))
        wait_for(lambda: waiting_for_locks(post.owner), "somebody who waits for the webhook")
        deleting.execute(text("DELETE FROM webhooks"))
        deleting.commit()
        with pytest.raises(ValueError, match="not enough values"):  # the row is gone
            telling.result()
    assert lost() == before + 1


def test_a_test_that_fails_says_nothing_about_the_webhook(post: Post, host: FileHost) -> None:
    host.pages["/hook"] = answer("404 Not Found")
    post.write("webhook.test")
    (row,) = post.deliver(courier_to(host))
    assert (row["status"], post.webhook()["failingSince"]) == ("failed", None)


def test_neither_logs_nor_the_row_tell_a_secret(post: Post, host: FileHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    host.pages["/hook"] = lambda send: send(b"HTTP/1.1 400 Bad\r\nbroken\r\n\r\n")
    post.write(WebhookEvent.EXPORT_COMPLETED.value)
    (row,) = post.deliver(courier_to(host))
    told = caplog.text + str(row)
    assert "hidden" in host.requests[0]
    assert not any(word in told for word in ("hidden", SECRET, SECRET.removeprefix("whsec_")))


def test_each_try_is_told_below_the_request_that_its_job_came_from(post: Post, host: FileHost) -> None:
    post.write()
    context = f"00-{'ab' * 16}-{'cd' * 8}-01"
    post.run("""UPDATE "webhookDeliveries" SET "traceContext" = :context""", context=context)
    host.pages["/hook"] = answer("503 Service Unavailable")
    with telling() as story:
        post.deliver(courier_to(host))
        host.pages["/hook"] = answer("204 No Content")
        post.run("""UPDATE "webhookDeliveries" SET "dueAt" = now()""")
        post.deliver(courier_to(host))
    tries = story.named("tell webhook")
    assert [(trace_id(one), parent_id(one)) for one in tries] == [("ab" * 16, "cd" * 8)] * 2
    words = ("mailsift.attempt", "http.response.status_code", "mailsift.outcome", "error.type")
    assert [tuple((one.attributes or {}).get(word) for word in words) for one in tries] == [
        (1, 503, "retried", "url_refused"),
        (2, 204, "delivered", None),
    ]
    assert "hook?" not in str([one.attributes for one in tries])


def test_while_an_operator_holds_the_queue_back_nothing_is_told_and_then_at_once(post: Post, host: FileHost) -> None:
    sent, unsent = post.write(), post.write()
    (hint, *_) = [hint for hint in post.take() if hint.delivery_id == sent]
    steering.pause(post.dispatcher, DELIVERY_QUEUE, "the way out is closed")
    deliver(courier_to(host), post.worker, hint.delivery_id, hint.attempt)
    assert (post.take(), host.requests) == ([], [])
    (state,) = [state for state in steering.queues(post.dispatcher).queues if state.queue == DELIVERY_QUEUE]
    assert (state.due, state.sent, state.running, state.paused_reason) == (2, 0, 0, "the way out is closed")
    steering.resume(post.dispatcher, DELIVERY_QUEUE)
    told = post.deliver(courier_to(host))
    assert {row["deliveryId"]: (row["status"], row["attempt"]) for row in told} == {
        sent: ("delivered", 1),
        unsent: ("delivered", 1),
    }

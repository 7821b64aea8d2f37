from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import dramatiq
import pytest
from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_upload
from mailsift.dispatcher.publisher import RabbitMQPublisher
from mailsift.dispatcher.relay import Relay
from mailsift.dispatcher.window import LEAST
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import claiming
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.observability.metrics import REGISTRY
from processes import wait_for
from servers import LOOPBACK, free_port


def make_jobs(owner: Engine, tenant: Tenant, count: int) -> list[uuid.UUID]:
    with owner.begin() as connection:
        upload_id = make_upload(connection, tenant)
        subject = Subject(upload_id=upload_id)
        return [enqueue(connection, tenant, JobType.FILE_PROCESSING, subject) for _ in range(count)]


@contextmanager
def relay_to(dispatcher: Engine, url: str, cap: int = 100) -> Iterator[Relay]:
    with closing(Relay(dispatcher, RabbitMQPublisher(url), cap=cap)) as relay:
        yield relay


def statuses(owner: Engine) -> list[tuple[str, int]]:
    with owner.begin() as connection:
        found = connection.execute(text('SELECT status, count(*) FROM "jobQueue" GROUP BY 1 ORDER BY 1'))
        return [(row[0], row[1]) for row in found]


@pytest.fixture
def consumer(worker: Engine, rabbitmq_url: str) -> Iterator[dramatiq.Worker]:
    heartbeat = Heartbeat(worker, lease_seconds=60, heartbeat_seconds=20, progress_seconds=1)
    runner = JobRunner(worker, heartbeat, Announcer(worker), 60, Schedule(base=60, cap=3600, jitter=30))
    broker = rabbitmq_broker(rabbitmq_url)
    declare_actor(broker, runner, JobType.FILE_PROCESSING, finish)
    consumer = dramatiq.Worker(broker, worker_threads=2, worker_timeout=100)
    consumer.start()
    yield consumer
    consumer.stop()
    broker.close()


def finish(lease: Lease) -> None:
    with lease.transaction() as transaction:
        transaction.complete()


def cycle_until(relay: Relay, count: int) -> int:
    """Let a relay send as its loop does; returns how many hints it has sent when they are enough, or time is up."""
    total, deadline = 0, time.monotonic() + 10
    while total < count and time.monotonic() < deadline:
        total += relay.cycle()
        time.sleep(min(relay.patience, 0.1))
    return total


@pytest.mark.usefixtures("consumer")
def test_due_jobs_reach_their_worker_through_the_broker(
    owner: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str
) -> None:
    make_jobs(owner, tenant, 20)
    with relay_to(dispatcher, rabbitmq_url) as relay:
        assert cycle_until(relay, 20) == 20
        assert relay.cycle() == 0
        wait_for(lambda: statuses(owner) == [("completed", 20)], "all jobs to complete")


@pytest.mark.parametrize("cap", [3, 100])
def test_no_more_hints_are_under_way_than_the_window_lets_through(
    owner: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str, cap: int
) -> None:
    make_jobs(owner, tenant, 10)
    with relay_to(dispatcher, rabbitmq_url, cap=cap) as relay:
        assert relay.patience == math.inf
        assert [relay.cycle() for _ in range(3)] == [min(cap, LEAST), 0, 0]
        assert relay.patience < 1
        assert gauge("mailsift_dispatch_outstanding") == gauge("mailsift_dispatch_window") == min(cap, LEAST)
        assert gauge("mailsift_dispatch_oldest_seconds") > 0


def test_the_window_grows_with_what_is_claimed(
    owner: Engine, worker: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str
) -> None:
    make_jobs(owner, tenant, 40)
    with relay_to(dispatcher, rabbitmq_url) as relay:
        assert relay.cycle() == LEAST
        claim_all(worker)
        assert relay.cycle() == LEAST
        claim_all(worker)
        assert relay.cycle() > LEAST


def claim_all(worker: Engine) -> None:
    with worker.begin() as connection:
        hints = connection.execute(
            text("""SELECT "jobId" FROM "jobQueue" WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL""")
        ).scalars()
        for job_id in hints.all():
            assert claiming.claim(connection, job_id, 0, "test", 60) is not None


def test_an_unreachable_broker_pauses_the_relay_and_costs_the_jobs_nothing(
    owner: Engine, dispatcher: Engine, tenant: Tenant
) -> None:
    make_jobs(owner, tenant, 20)
    before = failures()
    with relay_to(dispatcher, f"amqp://guest:guest@{LOOPBACK}:{free_port()}/x") as relay:
        assert relay.cycle() == 0
        assert relay.paused
        assert failures() - before == LEAST
        # What could not be sent was not claimed: nothing is learnt from it.
        assert (relay.cycle(), failures() - before) == (0, 2 * LEAST)
    with owner.begin() as connection:
        left = connection.execute(text('SELECT status, "retryCount", "dispatchedAt" FROM "jobQueue"')).all()
    assert [tuple(row) for row in left] == [("pending", 0, None)] * 20


def gauge(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"queue": "ingest.files"}) or 0.0


def failures() -> float:
    return REGISTRY.get_sample_value("mailsift_publish_failures_total") or 0.0


@pytest.mark.usefixtures("consumer")
def test_several_relays_send_each_job_once(
    owner: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str
) -> None:
    make_jobs(owner, tenant, 60)
    sent: list[int] = []
    with ExitStack() as stack:
        relays = [stack.enter_context(relay_to(dispatcher, rabbitmq_url)) for _ in range(3)]
        enough = threading.Event()

        def run(relay: Relay) -> None:
            while not enough.is_set():
                sent.append(relay.cycle())

        threads = [threading.Thread(target=run, args=(relay,)) for relay in relays]
        for thread in threads:
            thread.start()
        wait_for(lambda: statuses(owner) == [("completed", 60)], "all jobs to complete")
        enough.set()
        for thread in threads:
            thread.join()
    assert sum(sent) == 60

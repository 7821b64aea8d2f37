from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator

import dramatiq
import pytest
from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_upload
from mailsift.dispatcher.relay import Relay
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.lease import Lease
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


def relay_to(dispatcher: Engine, url: str, window: int = 100, republish_seconds: float = 120) -> Relay:
    broker = rabbitmq_broker(url, confirm_delivery=True)
    return Relay(dispatcher, broker, window=window, republish_seconds=republish_seconds, publishers=2)


def statuses(owner: Engine) -> list[tuple[str, int]]:
    with owner.begin() as connection:
        found = connection.execute(text('SELECT status, count(*) FROM "jobQueue" GROUP BY 1 ORDER BY 1'))
        return [(row[0], row[1]) for row in found]


@pytest.fixture
def consumer(worker: Engine, rabbitmq_url: str) -> Iterator[dramatiq.Worker]:
    heartbeat = Heartbeat(worker, lease_seconds=60, heartbeat_seconds=20, progress_seconds=1)
    runner = JobRunner(worker, heartbeat, 60, Schedule(base=60, cap=3600, jitter=30))
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


@pytest.mark.usefixtures("consumer")
def test_due_jobs_reach_their_worker_through_the_broker(
    owner: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str
) -> None:
    make_jobs(owner, tenant, 20)
    relay = relay_to(dispatcher, rabbitmq_url)
    assert relay.cycle() == 20
    assert relay.cycle() == 0
    wait_for(lambda: statuses(owner) == [("completed", 20)], "all jobs to complete")
    relay.close()


def test_no_more_hints_are_under_way_than_the_window_lets_through(
    owner: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str
) -> None:
    make_jobs(owner, tenant, 5)
    relay = relay_to(dispatcher, rabbitmq_url, window=3)
    assert (relay.cycle(), relay.cycle(), relay.full) == (3, 0, True)
    relay.close()


@pytest.mark.usefixtures("consumer")
def test_what_was_lost_on_the_way_is_sent_again(
    owner: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str
) -> None:
    jobs = make_jobs(owner, tenant, 3)
    with owner.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET "dispatchedAt" = now() - interval '3 minutes'"""))
    relay = relay_to(dispatcher, rabbitmq_url)
    assert relay.cycle() == len(jobs)
    wait_for(lambda: statuses(owner) == [("completed", 3)], "the lost jobs to complete")
    relay.close()


def test_an_unreachable_broker_pauses_the_relay_and_costs_the_jobs_nothing(
    owner: Engine, dispatcher: Engine, tenant: Tenant
) -> None:
    make_jobs(owner, tenant, 20)
    before = failures()
    relay = relay_to(dispatcher, f"amqp://guest:guest@{LOOPBACK}:{free_port()}/x")
    assert relay.cycle() == 0
    assert relay.paused
    # One try of each of the two publishers, not one of each job.
    assert failures() - before <= 2
    with owner.begin() as connection:
        left = connection.execute(text('SELECT status, "retryCount", "dispatchedAt" FROM "jobQueue"')).all()
    assert [tuple(row) for row in left] == [("pending", 0, None)] * 20
    relay.close()


def failures() -> float:
    return REGISTRY.get_sample_value("mailsift_publish_failures_total") or 0.0


def test_several_relays_send_each_job_once(
    owner: Engine, dispatcher: Engine, tenant: Tenant, rabbitmq_url: str
) -> None:
    make_jobs(owner, tenant, 60)
    relays = [relay_to(dispatcher, rabbitmq_url) for _ in range(3)]
    sent: list[int] = []
    threads = [threading.Thread(target=lambda relay=relay: sent.append(relay.cycle())) for relay in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent) == 60
    for relay in relays:
        relay.close()

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import dramatiq
import pika
import pytest

from chaos.proxy import Proxy
from mailsift.dispatcher.publisher import RabbitMQPublisher
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.jobs.catalog import QUEUES
from processes import wait_for
from servers import LOOPBACK, RabbitMQ, free_port

HINTS, OTHER = QUEUES[:2]


def messages(count: int, queue: str = HINTS) -> list[dramatiq.Message[None]]:
    return [
        dramatiq.Message(
            queue_name=queue, actor_name="hint", args=(), kwargs={"job_id": str(uuid.uuid4()), "attempt": 0}, options={}
        )
        for _ in range(count)
    ]


def ids(sent: Sequence[dramatiq.Message[None]]) -> set[str]:
    return {message.message_id for message in sent}


@contextmanager
def channel(url: str) -> Iterator[Any]:
    with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
        yield connection.channel()


def drain(url: str, queue: str = HINTS) -> Counter[str]:
    """Take out what a queue holds, by the ids that a worker would read."""
    found: Counter[str] = Counter()
    with channel(url) as reading:
        while (got := reading.basic_get(queue, auto_ack=True))[2] is not None:
            found[dramatiq.Message.decode(got[2]).message_id] += 1
    return found


@pytest.fixture
def publisher(rabbitmq_url: str) -> Iterator[RabbitMQPublisher]:
    with closing(RabbitMQPublisher(rabbitmq_url, confirm_seconds=10)) as publisher:
        yield publisher


@pytest.fixture
def proxy(rabbitmq: RabbitMQ) -> Iterator[Proxy]:
    with closing(Proxy(rabbitmq.port)) as proxy:
        yield proxy


def publishing_threads() -> int:
    return sum(thread.name == "publisher" for thread in threading.enumerate())


@contextmanager
def through(proxy: Proxy, url: str, confirm_seconds: float) -> Iterator[RabbitMQPublisher]:
    vhost = url.rpartition("/")[2]
    to_proxy = f"amqp://guest:guest@{LOOPBACK}:{proxy.port}/{vhost}?heartbeat=2"
    with closing(RabbitMQPublisher(to_proxy, confirm_seconds=confirm_seconds)) as publisher:
        yield publisher


def test_every_message_of_a_batch_arrives_once(publisher: RabbitMQPublisher, rabbitmq_url: str) -> None:
    batch, other = messages(500), messages(20, OTHER)
    assert publisher.send(batch + other) == set()
    assert drain(rabbitmq_url) == Counter(ids(batch))
    assert drain(rabbitmq_url, OTHER) == Counter(ids(other))


def test_batches_follow_each_other_on_one_connection(publisher: RabbitMQPublisher, rabbitmq_url: str) -> None:
    batches = [messages(7) for _ in range(20)]
    assert [publisher.send(batch) for batch in batches] == [set()] * 20
    assert drain(rabbitmq_url) == Counter({one for batch in batches for one in ids(batch)})
    assert publishing_threads() == 1


def test_no_messages_need_no_broker() -> None:
    assert RabbitMQPublisher(f"amqp://{LOOPBACK}:{free_port()}/none").send([]) == set()


def test_workers_and_publisher_agree_on_the_queues(publisher: RabbitMQPublisher, rabbitmq_url: str) -> None:
    assert publisher.send(messages(1)) == set()
    # RabbitMQ refuses to declare a queue anew with other arguments.
    with closing(rabbitmq_broker(rabbitmq_url)) as broker:
        for queue in QUEUES:
            broker.declare_queue(queue, ensure=True)


def test_what_no_queue_takes_is_reported_and_the_queue_made_anew(
    publisher: RabbitMQPublisher, rabbitmq_url: str
) -> None:
    publisher.send(messages(1))
    with channel(rabbitmq_url) as operator:
        operator.queue_delete(OTHER)
    lost, kept = messages(3, OTHER), messages(5)
    assert publisher.send(lost + kept) == ids(lost)
    assert publisher.send(lost) == set()
    assert drain(rabbitmq_url, OTHER) == Counter(ids(lost))
    assert drain(rabbitmq_url).keys() >= ids(kept)


def test_what_a_full_queue_refuses_is_reported(
    publisher: RabbitMQPublisher, rabbitmq: RabbitMQ, rabbitmq_url: str
) -> None:
    publisher.send(messages(1))
    policy = '{"max-length": 10, "overflow": "reject-publish"}'
    vhost = rabbitmq_url.rpartition("/")[2]
    rabbitmq.control("set_policy", "-p", vhost, "--apply-to", "queues", "small", HINTS, policy)
    wait_for(lambda: publisher.send(messages(20)), "the queue to be full")
    drain(rabbitmq_url)
    batch = messages(500)
    refused = publisher.send(batch)
    assert refused
    assert drain(rabbitmq_url) == Counter(ids(batch) - refused)


def test_an_unreachable_broker_is_reported_at_once() -> None:
    batch = messages(3)
    began = time.monotonic()
    with closing(RabbitMQPublisher(f"amqp://guest:guest@{LOOPBACK}:{free_port()}/x")) as publisher:
        assert publisher.send(batch) == ids(batch)
    assert time.monotonic() - began < 5


def test_what_was_confirmed_is_there_though_the_broker_crashes_and_comes_back(
    publisher: RabbitMQPublisher, rabbitmq: RabbitMQ, rabbitmq_url: str
) -> None:
    confirmed: set[str] = set()
    crashed, enough = threading.Event(), threading.Event()

    def publish() -> None:
        while not enough.is_set():
            batch = messages(50)
            failed = publisher.send(batch)
            confirmed.update(ids(batch) - failed)
            if failed:
                crashed.set()
                time.sleep(0.2)

    sending = threading.Thread(target=publish)
    sending.start()
    wait_for(lambda: len(confirmed) > 200, "the first batches")
    rabbitmq.stop(crash=True)
    assert crashed.wait(15)
    before = len(confirmed)
    rabbitmq.start()
    wait_for(lambda: len(confirmed) > before + 200, "batches on a new connection")
    enough.set()
    sending.join()
    assert confirmed <= drain(rabbitmq_url).keys()


def test_a_connection_that_was_cut_is_replaced(proxy: Proxy, rabbitmq_url: str) -> None:
    with through(proxy, rabbitmq_url, confirm_seconds=10) as publisher:
        assert publisher.send(messages(1)) == set()
        proxy.cut()
        batch = messages(10)
        wait_for(lambda: not publisher.send(batch), "a new connection")
        assert drain(rabbitmq_url).keys() >= ids(batch)


def test_a_half_open_connection_costs_one_bounded_wait_and_ends_by_its_heartbeat(
    proxy: Proxy, rabbitmq_url: str
) -> None:
    with through(proxy, rabbitmq_url, confirm_seconds=1) as publisher:
        assert publisher.send(messages(1)) == set()
        proxy.forsake()
        batch = messages(10)
        began = time.monotonic()
        assert publisher.send(batch) == ids(batch)
        assert 1 <= time.monotonic() - began < 2
        assert publisher.send(batch) == set()
        assert drain(rabbitmq_url).keys() >= ids(batch)
        # Now both are half-open: the one that was given up, and one that lies idle.
        proxy.forsake()
        wait_for(lambda: publishing_threads() == 0, "the heartbeats to be missed")
        assert publisher.send(batch) == set()


def test_closing_answers_whoever_is_sending(proxy: Proxy, rabbitmq_url: str) -> None:
    with through(proxy, rabbitmq_url, confirm_seconds=60) as publisher:
        publisher.send(messages(1))
        proxy.forsake()
        batch = messages(10)
        answers: list[set[str]] = []
        sending = threading.Thread(target=lambda: answers.append(publisher.send(batch)))
        sending.start()
        time.sleep(0.3)
        closing_it = threading.Thread(target=publisher.close)
        closing_it.start()
        sending.join(timeout=3)
        assert answers == [ids(batch)]
        assert publisher.send(batch) == ids(batch)
        proxy.cut()
        closing_it.join()


@pytest.fixture
def short_of_memory(rabbitmq: RabbitMQ) -> Iterator[Callable[[bool], None]]:
    def alarm(on: bool) -> None:
        rabbitmq.control("set_vm_memory_high_watermark", "absolute", "1" if on else "100GB")

    yield alarm
    alarm(False)


def test_a_blocked_connection_takes_nothing_and_is_used_again(
    publisher: RabbitMQPublisher, rabbitmq_url: str, short_of_memory: Callable[[bool], None]
) -> None:
    publisher.send(messages(1))
    short_of_memory(True)
    wait_for(lambda: publisher.send(messages(1)), "the broker to block")
    began = time.monotonic()
    batch = messages(10)
    assert [publisher.send(batch) for _ in range(3)] == [ids(batch)] * 3
    assert time.monotonic() - began < 1
    assert publishing_threads() == 1
    short_of_memory(False)
    wait_for(lambda: not publisher.send(batch), "the broker to go on")
    # Nothing that was given up lay in the socket and came after all.
    arrived = drain(rabbitmq_url)
    assert {arrived[one] for one in ids(batch)} == {1}

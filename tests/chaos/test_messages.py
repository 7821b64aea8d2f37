"""Messages that vanish, and messages that come twice."""

from __future__ import annotations

from contextlib import suppress

import pika
import pika.exceptions
import pytest

from chaos.rig import Rig
from mailsift.shared.jobs.catalog import QUEUES

WORKERS = ("ingest", "analyzer", "exporter")


@pytest.mark.scenario("S6")
def test_queues_are_purged(rig: Rig) -> None:
    rig.start("dispatcher")
    rig.load.users(10 if rig.full else 4, rows=5_000)
    sent = 'SELECT count(*) FROM "jobQueue" WHERE "dispatchedAt" IS NOT NULL'
    rig.wait(lambda: rig.number(sent), "hints to be sent")
    purged = rig.wait(lambda: purge(rig), "messages to purge")
    rig.start(*WORKERS)
    while rig.full and rig.busy and purged < 20:
        # Under load a message waits for an instant only.
        purged += purge(rig)
    rig.calm()
    rig.settle()
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') == 0


def purge(rig: Rig) -> int:
    """Empty every queue; returns how many messages that were, as far as RabbitMQ could tell."""
    purged = 0
    # It may close the connection of one who purges a queue that is only just being made.
    with suppress(pika.exceptions.ConnectionClosedByBroker), _connect(rig) as connection:
        for queue in QUEUES:
            purged += _purge(connection, queue)
    return purged


def _connect(rig: Rig) -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(rig.rabbitmq.url(rig.vhost)))


def _purge(connection: pika.BlockingConnection, queue: str) -> int:
    try:
        return int(connection.channel().queue_purge(queue).method.message_count)
    except pika.exceptions.ChannelClosedByBroker:
        return 0  # nobody has sent to it yet


@pytest.mark.scenario("S7")
def test_every_message_comes_twice(rig: Rig) -> None:
    twin = rig.twin()
    rig.start("dispatcher", *WORKERS)
    for worker in WORKERS if rig.full else ():
        rig.start(worker, name=f"{worker}-2")
    rig.load.users(10 if rig.full else 3, rows=10_000)
    rig.calm()
    rig.settle()
    claimed = rig.number("SELECT count(*) FROM chaos.claims")
    assert twin.sent >= claimed
    rig.wait(lambda: refused(rig) >= claimed, "the second of each message to be refused")
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') == 0


def refused(rig: Rig) -> float:
    return sum(process.counted("mailsift_claims_refused_total") for process in rig.processes)

"""Servers that go away under load and come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from chaos.rig import Rig
from chaos.stream import coming
from servers import RabbitMQ, accepts


@pytest.fixture
def rabbitmq(rabbitmq: RabbitMQ) -> Iterator[RabbitMQ]:
    """The session's broker, which is there again afterwards, whatever became of the scenario."""
    yield rabbitmq
    if not accepts(rabbitmq.port):
        rabbitmq.start()


def work(rig: Rig) -> AbstractContextManager[None]:
    """Jobs that keep coming: real ones in a full run, else those of the scenarios' own worker."""
    if rig.full:
        rig.start("ingest", "analyzer", "exporter")
        return coming(lambda: rig.load.users(1, rows=2_000), per_second=0.5)
    rig.start("chaos")
    return coming(lambda: rig.load.rows(2, seconds=0.02), per_second=10)


def ended(rig: Rig) -> int:
    return rig.number("""SELECT count(*) FROM "jobQueue" WHERE status = 'completed'""")


@pytest.mark.scenario("S3")
def test_rabbitmq_stops_and_starts_under_load(rig: Rig) -> None:
    rig.start("dispatcher")
    with work(rig):
        for crash in (False, True) if rig.full else (True,):
            restart_rabbitmq(rig, crash=crash)
    rig.settle()
    assert rig["dispatcher"].counted("mailsift_publish_failures_total") > 0
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') == 0


def restart_rabbitmq(rig: Rig, *, crash: bool) -> None:
    before = ended(rig)
    rig.wait(lambda: ended(rig) > before + 5, "jobs to flow")
    rig.rabbitmq.stop(crash=crash)
    accepted = len(rig.load.accepted.jobs)
    rig.wait(lambda: not rig["dispatcher"].is_ready(), "the dispatcher to notice")
    rig.wait(lambda: len(rig.load.accepted.jobs) > accepted + 10, "more work to come")
    rig.rabbitmq.start()
    rig.calm()
    rig.wait(rig["dispatcher"].is_ready, "the dispatcher to go on")

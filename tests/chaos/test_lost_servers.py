"""Servers that go away under load and come back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from chaos.rig import Rig
from chaos.stream import await_flow, work
from conftest import add_template
from servers import PostgreSQL, RabbitMQ, accepts, run_postgresql

# A worker knocks at a database that is away for 16 seconds before it drops a message.
_PATIENCE_SECONDS = 16

# Anybody's connection but our own, and whether a job was running on it.
_END_ONE = """
    SELECT pg_terminate_backend(pid)::int, (SELECT count(*) FROM "jobQueue" WHERE "backendPid" = pid) FROM (
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename <> current_user
        ORDER BY random() LIMIT 1) AS one"""


@pytest.fixture(scope="module")
def postgresql(postgresql: PostgreSQL) -> Iterator[PostgreSQL]:  # noqa: ARG001 - where there is none, this is skipped
    """A server that keeps what it has committed, which the session's does not."""
    with run_postgresql(durable=True) as server:
        add_template(server)
        yield server


@pytest.fixture
def rabbitmq(rabbitmq: RabbitMQ) -> Iterator[RabbitMQ]:
    """The session's broker, which is there again afterwards, whatever became of the scenario."""
    yield rabbitmq
    if not accepts(rabbitmq.port):
        rabbitmq.start()


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
    await_flow(rig)
    rig.rabbitmq.stop(crash=crash)
    accepted = len(rig.load.accepted.jobs)
    rig.wait(lambda: not rig["dispatcher"].is_ready(), "the dispatcher to notice")
    rig.wait(lambda: len(rig.load.accepted.jobs) > accepted + 10, "more work to come")
    rig.rabbitmq.start()
    rig.calm()
    rig.wait(rig["dispatcher"].is_ready, "the dispatcher to go on")


@pytest.mark.scenario("S4")
def test_postgresql_restarts_under_load(rig: Rig) -> None:
    rig.start("dispatcher")
    with work(rig):
        restart_postgresql(rig, "immediate")
        restart_postgresql(rig, "fast")
        if rig.full:
            restart_postgresql(rig, "fast", seconds=1.5 * rig.pace.lease)
            restart_postgresql(rig, "immediate", seconds=_PATIENCE_SECONDS + rig.pace.lease)
    rig.settle()
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') > 0


def restart_postgresql(rig: Rig, mode: str, seconds: float = 0) -> None:
    await_flow(rig)
    failures = rig["dispatcher"].counted("mailsift_chore_failures_total")
    rig.postgresql.stop(mode)
    rig.wait(lambda: rig["dispatcher"].counted("mailsift_chore_failures_total") > failures, "the dispatcher to notice")
    time.sleep(seconds)
    rig.postgresql.start()
    rig.calm()


@pytest.mark.scenario("S4")
def test_connections_to_postgresql_end_again_and_again(rig: Rig) -> None:
    rig.start("dispatcher")
    with work(rig):
        end_connections(rig, 60 if rig.full else 12)
    rig.calm()
    rig.settle()
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') > 0


def end_connections(rig: Rig, times: int) -> None:
    """End somebody's connection every 0.3 s, so many times at least, and of jobs some."""
    found = of_jobs = 0
    while found < times or of_jobs < times / 10:
        time.sleep(0.3)
        for one, jobs in rig.rows(_END_ONE):
            found += one
            of_jobs += jobs

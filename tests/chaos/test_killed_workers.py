"""Workers that die: in the middle of a slice, again and again, and by a job that kills each of them."""

from __future__ import annotations

import pytest

from chaos.pace import PRODUCTION
from chaos.rig import Rig

QUEUES = {"ingest": "ingest.files", "analyzer": "analyzer.scores", "exporter": "exporter.files"}


@pytest.mark.scenario("S1")
def test_a_worker_is_killed_in_the_middle_of_a_slice(rig: Rig) -> None:
    rig.start("dispatcher", *QUEUES)
    rig.load.users(4 if rig.full else 0, rows=20_000)
    for worker in rig.journey(rows=20_000):
        if rig.full or worker == "analyzer":
            rig[worker].kill()
            rig.calm()
            rig[worker].start()
    rig.settle()
    assert rig.events("worker_lost") >= (3 if rig.full else 1)


@pytest.mark.scenario("S2")
def test_workers_are_killed_again_and_again(rig: Rig) -> None:
    workers, times = (tuple(QUEUES), 4) if rig.full else (("analyzer",), 3)
    rig.start("dispatcher", *QUEUES)
    rig.load.users(6 if rig.full else 2, rows=20_000)
    hits = sum(kill_at_work(rig, worker, times) for worker in workers)
    rig.settle()
    assert rig.events("worker_lost") >= hits


def kill_at_work(rig: Rig, worker: str, times: int) -> int:
    """Kill a worker as often as it is found at work, and let it rise; a kill that came too late does not count."""
    hits = 0
    before: set[object] = set()
    while hits < times:
        rig.wait(lambda: leases(rig, worker) - before, f"{worker} to be at work")
        rig[worker].kill()
        rig.calm()
        held = leases(rig, worker) - before
        before.update(held)
        hits += bool(held)
        rig[worker].start()
    return hits


def leases(rig: Rig, worker: str) -> set[object]:
    """The leases of a worker's jobs, whoever holds them."""
    held = 'SELECT "leaseToken" FROM "jobQueue" WHERE queue = :queue AND "leaseToken" IS NOT NULL'
    return {row[0] for row in rig.rows(held, queue=QUEUES[worker])}


# However short the waits are, a process takes as long as ever to start: two jobs that are to part must not both be due
# before there is one again.
PARTING = {"RETRY_BASE_SECONDS": "1", "RETRY_JITTER_SECONDS": "10"}


@pytest.mark.scenario("S11")
def test_a_job_that_kills_every_worker_it_meets_ends_as_a_dead_letter_and_the_others_complete(rig: Rig) -> None:
    tries = 5 if rig.full else 1
    rig.start("dispatcher", "chaos", env=PARTING if rig.full and rig.pace is not PRODUCTION else {})
    rig.revive("chaos")
    bystander = rig.load.rows(8, seconds=0.1)
    rig.wait(lambda: rig.number("SELECT count(*) FROM chaos.rows"), "a job to be at work when the poison comes")
    poison = rig.load.rows(1, poison=True)
    rig.rows('UPDATE "jobQueue" SET "maxRetries" = :tries WHERE "jobId" = :job RETURNING 1', tries=tries, job=poison)
    for _ in range(20):
        rig.load.rows(10, seconds=0.05)
    rig.calm()
    rig.settle(seconds=30 + 20 * (rig.pace.lease + rig.pace.retry_base))
    ending = rig.rows('SELECT attempt, "retryCount", "errorCode" FROM "jobQueue" WHERE "jobId" = :job', job=poison)
    assert ending == [(tries + 1, tries + 1, "worker_lost")]
    assert rig.number('SELECT "retryCount" FROM "jobQueue" WHERE "jobId" = :job', job=bystander) >= 1

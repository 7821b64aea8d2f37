"""Workers that are stopped: one that sleeps through its lease and wakes, one that is asked to leave."""

from __future__ import annotations

import time
from functools import partial

import pytest

from chaos.rig import Rig

_ON_THE_WAY_SECONDS = 0.2


@pytest.mark.scenario("S8")
def test_a_worker_sleeps_through_its_lease_in_the_middle_of_a_copy(rig: Rig) -> None:
    rig.start("dispatcher", "ingest", "analyzer", "exporter")
    for worker in rig.journey(rows=20_000):
        if rig.full or worker == "ingest":
            rig[worker].suspend()
            # What it has said already, its last word even, the server hears all the same.
            time.sleep(_ON_THE_WAY_SECONDS)
            if not held(rig, worker):
                rig[worker].resume()
                rig.came_too_late()
                continue
            rig.start(worker, name=f"{worker}-2")
            rig.wait(partial(retaken, rig, f"{worker}-2"), "another worker to take its job")
            rig[worker].resume()
            rig.calm()
    rig.settle()
    for worker in ("ingest", "analyzer", "exporter"):
        assert rig[worker].stop() == 0


@pytest.mark.scenario("S8")
def test_only_the_fence_stops_a_sleeper_whose_connection_cannot_be_ended(rig: Rig) -> None:
    rig.start("dispatcher")
    rig.start("chaos", superuser=True)
    for _ in range(4):
        rig.load.rows(20, seconds=0.1, inside=True)
    rig.wait(lambda: rig.number("SELECT count(*) FROM chaos.rows"), "rows")
    rig.wait(partial(suspended_in_a_transaction, rig, "chaos"), "a worker that sleeps in the middle of a transaction")
    rig.start("chaos", name="chaos-2")
    rig.wait(lambda: retaken(rig, "chaos-2"), "another worker to take its jobs")
    rig["chaos"].resume()
    rig.calm()
    rig.settle()
    assert rig["chaos"].counted("mailsift_writes_fenced_total") > 0


@pytest.mark.scenario("S8")
def test_a_worker_freezes_in_the_middle_of_its_heartbeat(rig: Rig) -> None:
    rig.start("dispatcher", "chaos")
    for _ in range(4):
        rig.load.rows(10, seconds=rig.pace.heartbeat / 4)
    rig.wait(lambda: rig.number("SELECT count(*) FROM chaos.rows"), "rows")
    with rig.braked_heartbeat("chaos"):
        rig["chaos"].suspend()
    rig.wait(lambda: open_transactions(rig, "chaos"), "a transaction that holds the rows of its jobs")
    rig.start("chaos", name="chaos-2")
    rig.wait(lambda: retaken(rig, "chaos-2"), "another worker to take its jobs")
    rig["chaos"].resume()
    rig.calm()
    rig.settle()


def suspended_in_a_transaction(rig: Rig, worker: str) -> bool:
    """Suspend a worker, and let it go on when it was between two transactions."""
    rig[worker].suspend()
    time.sleep(_ON_THE_WAY_SECONDS)
    if open_transactions(rig, worker):
        return True
    rig[worker].resume()
    return False


def open_transactions(rig: Rig, worker: str) -> int:
    """Count the transactions in which a worker has written and not yet come to the fence."""
    return rig.number(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = :worker AND backend_xid IS NOT NULL",
        worker=rig.role(worker),
    )


def retaken(rig: Rig, worker: str) -> int:
    """Count the jobs that a worker claimed after another had lost them."""
    return rig.number(
        """SELECT count(*) FROM chaos.claims WHERE worker = :worker
           AND "jobId" IN (SELECT "jobId" FROM "jobEvents" WHERE cause = 'worker_lost')""",
        worker=rig.role(worker),
    )


def held(rig: Rig, worker: str) -> int:
    """Count the leases that a worker still holds."""
    return rig.number(
        'SELECT count(*) FROM "jobQueue" JOIN chaos.claims ON token = "leaseToken" WHERE worker = :worker',
        worker=rig.role(worker),
    )


@pytest.mark.scenario("S9")
def test_workers_are_asked_to_leave_under_load(rig: Rig) -> None:
    rig.start("dispatcher", "ingest", "analyzer", "exporter")
    rig.load.users(6 if rig.full else 1, rows=20_000)
    for worker in rig.journey(rows=50_000):
        assert rig[worker].stop() == 0
        assert held(rig, worker) == 0
        rig.calm()
        rig[worker].start()
    rig.settle()
    # A worker that is at its last rows ends the job instead; ingest has most of its rows before it.
    assert rig.events("handed back at shutdown") >= 1
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') == 0

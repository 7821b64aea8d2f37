"""Processes whose clocks are five minutes off, ahead and behind."""

from __future__ import annotations

import datetime as dt
import os
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from chaos.process import Process
from chaos.rig import Rig
from servers import LOOPBACK

_SHIM = Path(__file__).parent / "clocks"
_OFF = dt.timedelta(minutes=5)

# What processes write into the database, by whatever clock.
_TIMES = {
    '"jobQueue"': ("createdAt", "updatedAt", "startedAt", "attemptStartedAt", "heartbeatAt", "completedAt"),
    '"jobEvents"': ("createdAt",),
    '"jobLogs"': ("createdAt",),
    "uploads": ("createdAt", "updatedAt", "startedAt", "completedAt"),
    "analyses": ("createdAt", "updatedAt", "startedAt", "completedAt"),
    "exports": ("createdAt", "updatedAt", "startedAt", "completedAt"),
    "domains": ("checkedAt",),
}
_WRITTEN = " UNION ALL ".join(f'SELECT "{column}" FROM {table}' for table, names in _TIMES.items() for column in names)
_STRANGE_TIMES = f"""
    SELECT count(*) FROM ({_WRITTEN}) AS written(at)
    WHERE at NOT BETWEEN (SELECT min("createdAt") FROM workspaces) AND clock_timestamp()"""


def clock(off: dt.timedelta) -> dict[str, str]:
    """Let a process read a wrong time; how much of it passes, it still knows."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{off.total_seconds():+.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Else threads that wait for each other never wait, and take turns at a twentieth of the speed.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        "PYTHONPATH": os.pathsep.join([str(_SHIM), os.environ.get("PYTHONPATH", "")]),
    }


def seconds_off(process: Process) -> float:
    """Tell by how much the clock of a process is off: it dates its answers."""
    answer = httpx.get(f"http://{LOOPBACK}:{process.health_port}/livez", trust_env=False)
    return (parsedate_to_datetime(answer.headers["date"]) - dt.datetime.now(dt.UTC)).total_seconds()


@pytest.mark.scenario("S10")
def test_leases_outlast_wrong_clocks_and_run_out_by_the_right_one(rig: Rig) -> None:
    rig.start("dispatcher", env=clock(_OFF))
    rig.start("chaos", env=clock(_OFF))
    rig.start("chaos", name="chaos-2", env=clock(-_OFF))
    for _ in range(4):
        rig.load.rows(30, seconds=rig.pace.lease / 15)
    for worker in ("chaos", "chaos-2"):
        rig.wait(lambda: outlasted(rig, worker), f"a job of {worker} to run longer than a lease")  # noqa: B023
    assert rig.events("worker_lost") == 0
    rig["chaos-2"].kill()
    rig.calm()
    rig["chaos-2"].start()
    rig.settle()
    assert rig.events("worker_lost") > 0
    assert rig.number(_STRANGE_TIMES) == 0
    assert seconds_off(rig["chaos"]) == pytest.approx(_OFF.total_seconds(), abs=60)
    assert seconds_off(rig["chaos-2"]) == pytest.approx(-_OFF.total_seconds(), abs=60)


def outlasted(rig: Rig, worker: str) -> int:
    """Count the attempts of a worker that have gone on for longer than a lease, and a beat."""
    return rig.number(
        """SELECT count(*) FROM "jobQueue" JOIN chaos.claims ON token = "leaseToken" WHERE worker = :worker
            AND "attemptStartedAt" < clock_timestamp() - make_interval(secs => :seconds)""",
        worker=rig.role(worker),
        seconds=rig.pace.lease + rig.pace.heartbeat / 3,
    )


@pytest.mark.scenario("S10")
def test_lists_go_through_whatever_the_clocks_say(rig: Rig) -> None:
    rig.start("dispatcher", env=clock(-_OFF))
    for number, worker in enumerate(("ingest", "analyzer", "exporter")):
        rig.start(worker, env=clock(_OFF if number % 2 else -_OFF))
        if rig.full:
            rig.start(worker, name=f"{worker}-2", env=clock(-_OFF if number % 2 else _OFF))
    rig.load.users(12 if rig.full else 2, rows=10_000)
    rig.calm()
    rig.settle()
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') == 0
    assert rig.number(_STRANGE_TIMES) == 0
    assert {round(seconds_off(process) / 100) for process in rig.processes} == {3, -3}

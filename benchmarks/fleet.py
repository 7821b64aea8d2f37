"""Whether fifty worker processes find room in PostgreSQL, and how much of it they take."""

from __future__ import annotations

import time

from sqlalchemy import text

from benchmarks.connections import watching
from benchmarks.crew import crew, memory
from benchmarks.figures import Figure, Findings, say
from benchmarks.records import assert_all_completed
from benchmarks.site import Ground, Site
from benchmarks.tally import DONE, SENT, total

_PROCESSES = 50
_JOBS = 2_500


def run(ground: Ground) -> Findings:
    """Start them, let them work, see that each of them did, and let them go."""
    began = time.monotonic()
    with ground.site() as site, crew(site) as hands, watching(site) as peak:
        hands.dispatcher()
        worker = hands.workers("benchmarks.engine_worker", processes=_PROCESSES, threads=1)
        say(f"  {_PROCESSES} processes consume after {time.monotonic() - began:.0f} s")
        producer = hands.producer("engine", "--threads", "4")
        hands.wait(lambda: total(site.folder, DONE) >= _JOBS, "the jobs")
        hands.stop(producer)
        hands.wait(lambda: total(site.folder, DONE) >= total(site.folder, SENT), "the last jobs")
        largest = max(memory(worker))
        hands.stop(worker)
        assert_all_completed(site)
        assert _workers_seen(site) == _PROCESSES
        room = _room(site)
    return Findings(
        [
            Figure(f"connections of {_PROCESSES} worker processes, of {room} that PostgreSQL takes", peak.of_workers),
            Figure("connections of one of them", peak.of_one_worker),
            Figure("memory of one of them", largest, "MB", at_most=500),
        ],
        {
            "fleet_processes": _PROCESSES,
            "fleet_connections": peak.altogether,
            "fleet_worker_connections": peak.of_workers,
            "fleet_connections_of_a_worker": peak.of_one_worker,
            "fleet_max_connections": room,
            "fleet_worker_memory_mb": largest,
        },
    )


def _workers_seen(site: Site) -> int:
    with site.connection() as connection:
        return int(connection.scalar(text('SELECT count(DISTINCT "workerId") FROM "jobQueue"')) or 0)


def _room(site: Site) -> int:
    with site.connection() as connection:
        return int(connection.scalar(text("SELECT current_setting('max_connections')")) or 0)

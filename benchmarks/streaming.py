"""A hundred streams of the API as it is deployed, and what they cost the requests beside them."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, text

from benchmarks.crew import crew
from benchmarks.figures import Figure, Findings, say, spread
from benchmarks.requesting import Client, rush
from benchmarks.site import Ground, Site
from factories import Tenant, enqueue, make_analysis, make_tenant, make_upload
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.repository.queueing import notify_progress

_TENANTS: Final = 4
_STREAMS: Final = 100
_MOVES: Final = 400
_MOVES_A_SECOND: Final = 20
_SEED: Final = 20261127

_MOVE: Final = text('UPDATE "jobQueue" SET "processedItems" = :number WHERE "jobId" = :job_id')


class _Audience:
    """Clients that each follow the stream of one job, and note when they hear of each move of it."""

    def __init__(self, port: int, jobs: Sequence[tuple[Tenant, uuid.UUID]]) -> None:
        self.heard: dict[int, float] = {}
        self._connected = threading.Semaphore(0)
        for tenant, job_id in jobs:
            client = Client(port, tenant.key)
            threading.Thread(target=self._listen, args=(client, f"/api/jobs/{job_id}/stream"), daemon=True).start()
        for _ in jobs:
            assert self._connected.acquire(timeout=60), "a stream did not begin"

    def _listen(self, client: Client, path: str) -> None:
        with suppress(OSError):
            for at, line in client.stream(path):
                if not line.startswith(b"data: "):
                    continue
                event = json.loads(line.removeprefix(b"data: "))
                if event["type"] == "connected":
                    self._connected.release()
                elif event["type"] == "progress":
                    self.heard.setdefault(event["metadata"]["processedItems"], at)


def run(ground: Ground) -> Findings:
    """Move jobs at a steady pace, and ask meanwhile."""
    with ground.site() as site, crew(site) as hands:
        jobs = _furnish(site)
        _, port = hands.api()
        audience = _Audience(port, jobs)
        tenant, job_id = jobs[0]
        with ThreadPoolExecutor() as pool:
            moving = pool.submit(_move, site, jobs)
            beside = rush([Client(port, tenant.key)], lambda _: f"/api/jobs/{job_id}/status", _MOVES / _MOVES_A_SECOND)
            moved = moving.result()
        hands.wait(lambda: len(audience.heard.keys() & moved.keys()) == len(moved), "the last event", seconds=30)
    delays, requests = spread([audience.heard[number] - at for number, at in moved.items()]), beside.spread
    say(f"  an event comes after {delays.p50} ms, the slowest of a hundred after {delays.p99} ms")
    return Findings(
        [
            Figure(f"an event of one of {_STREAMS} streams, p50", delays.p50, "ms"),
            Figure(f"an event of one of {_STREAMS} streams, p99", delays.p99, "ms"),
            Figure("a request beside them, p50", requests.p50, "ms"),
            Figure("a request beside them, p99", requests.p99, "ms"),
        ],
        {"api_streams": _STREAMS, "api_stream_delay_ms": asdict(delays), "api_beside_streams_ms": asdict(requests)},
    )


def _furnish(site: Site) -> Sequence[tuple[Tenant, uuid.UUID]]:
    with site.connection() as connection:
        tenants = [make_tenant(connection) for _ in range(_TENANTS)]
        return [(tenant, _job(connection, tenant)) for tenant in tenants for _ in range(_STREAMS // _TENANTS)]


def _job(connection: Connection, tenant: Tenant) -> uuid.UUID:
    analysis_id = make_analysis(connection, tenant, make_upload(connection, tenant))
    return enqueue(connection, tenant, JobType.ADVANCED_ANALYSIS, Subject(analysis_id=analysis_id))


def _move(site: Site, jobs: Sequence[tuple[Tenant, uuid.UUID]]) -> dict[int, float]:
    """Move one job after the other on, and note when each move was committed."""
    draw, moved = random.Random(_SEED), {}
    began = time.monotonic()
    for number in range(1, _MOVES + 1):
        time.sleep(max(0.0, began + number / _MOVES_A_SECOND - time.monotonic()))
        _, job_id = draw.choice(jobs)
        with site.connection() as connection:
            connection.execute(_MOVE, {"number": number, "job_id": job_id})
            notify_progress(connection, job_id)
        moved[number] = time.monotonic()
    return moved

"""Requests to the API as it is deployed: how jobs stand, pages of answers, a large upload."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import Final

from sqlalchemy import text

from benchmarks.analysed import Analysed, make_analysed
from benchmarks.crew import crew, peak_memory
from benchmarks.figures import Figure, Findings, Spread, say, spread
from benchmarks.requesting import Client, Rush, rush
from benchmarks.site import Ground, Site
from factories import Tenant, enqueue, make_tenant
from mailsift.api.config import REQUEST_THREADS
from mailsift.api.paging import number_cursor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject

_CLIENTS: Final = 8
_SECONDS: Final = 5.0
_JOBS: Final = 200
_PAGE: Final = 1_000
_PAGES: Final = 15
_BLOCK: Final = b"someone.with.a.name@a-domain.example,A Name,A City,2026-11-27\n" * 1_000
_BLOCKS: Final = 300 * 10**6 // len(_BLOCK)


def run(ground: Ground, rows: int, rounds: int) -> Findings:
    """Measure short requests, long pages and an upload."""
    with ground.site() as site, crew(site) as hands:
        tenant, analysed, jobs = _furnish(site, rows)
        api, port = hands.api()
        bare, bare_port = hands.bare_view(REQUEST_THREADS)
        clients = [Client(port, tenant.key) for _ in range(_CLIENTS)]
        bare_clients = [Client(bare_port) for _ in range(_CLIENTS)]
        ours, bares = [], []
        for _ in range(rounds):
            ours.append(rush(clients, lambda turn: f"/api/jobs/{jobs[turn % _JOBS]}/status", _SECONDS))
            bares.append(rush(bare_clients, lambda turn: f"/{jobs[turn % _JOBS]}", _SECONDS))
            say(f"  {ours[-1].a_second:,.0f} requests a second, {bares[-1].a_second:,.0f} of the bare view")
        hands.stop(bare)
        first, last = _read(clients[0], analysed, 0), _read(clients[0], analysed, rows - 2 * _PAGE)
        before = peak_memory(api.pid)
        uploading = _upload(clients[0])
        growth = round(peak_memory(api.pid) - before, 1)
    return _findings(ours, bares, (first, last), uploading, growth)


def _furnish(site: Site, rows: int) -> tuple[Tenant, Analysed, Sequence[uuid.UUID]]:
    with site.connection() as connection:
        tenant = make_tenant(connection)
        analysed = make_analysed(connection, tenant, rows)
        subject = Subject(analysis_id=analysed.analysis_id)
        jobs = [enqueue(connection, tenant, JobType.ADVANCED_ANALYSIS, subject) for _ in range(_JOBS)]
        connection.execute(text("ANALYZE"))
    site.postgresql.execute("CHECKPOINT")
    return tenant, analysed, jobs


def _read(client: Client, analysed: Analysed, after: int) -> Spread:
    """Read the page of answers after an entry, again and again."""
    path = f"/api/analyses/{analysed.analysis_id}/results?limit={_PAGE}&cursor={number_cursor(after)}"
    times = []
    for _ in range(_PAGES):
        began = time.monotonic()
        client.get(path)
        times.append(time.monotonic() - began)
    return spread(times)


def _upload(client: Client) -> float:
    """Send a list as it comes; returns the seconds it took."""
    headers = {"Content-Type": "text/csv", "Content-Length": str(_BLOCKS * len(_BLOCK))}
    began = time.monotonic()
    client.post("/api/uploads?fileName=list.csv", _body(), headers)
    return time.monotonic() - began


def _body() -> Iterator[bytes]:
    return itertools.repeat(_BLOCK, _BLOCKS)


def _findings(
    ours: Sequence[Rush], bares: Sequence[Rush], pages: tuple[Spread, Spread], uploading: float, growth: float
) -> Findings:
    a_second, bare = (median(found.a_second for found in rushes) for rushes in (ours, bares))
    times, (first, last) = spread([took for found in ours for took in found.times]), pages
    return Findings(
        [
            Figure("requests a second: how a job stands", a_second),
            Figure("the same, of a bare Flask view with the same query", bare),
            Figure("the API's speed, of the bare view's", a_second / bare, at_least=0.5),
            Figure("how a job stands, p50", times.p50, "ms"),
            Figure("how a job stands, p95", times.p95, "ms"),
            Figure("how a job stands, p99", times.p99, "ms"),
            Figure(f"the first page of {_PAGE:,} answers, p50", first.p50, "ms"),
            Figure(f"the last page of {_PAGE:,} answers, p50", last.p50, "ms"),
            Figure("the last page's time, of the first's", last.p50 / first.p50, at_most=2),
            Figure("taking 300 MB in", uploading, "s"),
            Figure("what the API grows by meanwhile", growth, "MB", at_most=50),
        ],
        {
            "api_requests_a_second": round(a_second, 1),
            "api_vs_flask": round(a_second / bare, 3),
            "api_request_ms": asdict(times),
            "api_first_page_ms": asdict(first),
            "api_last_page_ms": asdict(last),
            "api_last_page_vs_first": round(last.p50 / first.p50, 3),
            "api_upload_seconds": round(uploading, 3),
            "api_upload_memory_mb": growth,
        },
    )

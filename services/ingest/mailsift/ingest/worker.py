"""Wires ingest; what Dramatiq's command line runs: `dramatiq mailsift.ingest.worker:set_up`."""

from __future__ import annotations

from functools import partial

from mailsift.ingest.actors import declare_actors
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.bringing import Bringer
from mailsift.ingest.config import IngestSettings
from mailsift.ingest.containers.bounds import Bounds
from mailsift.ingest.fetching.fetcher import Fetcher, FetchLimits
from mailsift.ingest.handlers import IngestDeps
from mailsift.ingest.opening import Opener
from mailsift.ingest.workbooks.limits import WorkbookLimits
from mailsift.ingest.workbooks.workbooks import Workbooks
from mailsift.shared.jobs.worker import become_worker
from mailsift.shared.networks import Reach
from mailsift.shared.outbound.dialing import Dialer
from mailsift.shared.outbound.names import Names
from mailsift.shared.settings import load_or_exit
from mailsift.shared.storage import Storage


def make_deps(settings: IngestSettings) -> IngestDeps:
    """Build what the handlers work with."""
    reach, names = Reach(settings.fetch_networks), Names(settings.nameservers)
    dialer = Dialer(reach, names, settings.fetch_connect_seconds, settings.fetch_ca_file)
    fetcher = Fetcher(dialer, FetchLimits(settings.fetch_idle_seconds, settings.fetch_total_seconds))
    return IngestDeps(
        Storage(settings.storage_url),
        BatchLimits(rows=settings.batch_rows, seconds=settings.batch_seconds),
        Opener(_make_workbooks(settings), Bounds(expanded_bytes=settings.max_expanded_bytes)),
        Bringer(fetcher, settings.max_upload_bytes),
    )


def _make_workbooks(settings: IngestSettings) -> Workbooks:
    limits = WorkbookLimits(
        file_bytes=settings.max_workbook_bytes,
        expanded_bytes=settings.max_workbook_expanded_bytes,
        memory_bytes=settings.workbook_memory_bytes,
        cpu_seconds=settings.workbook_cpu_seconds,
        silent_seconds=settings.workbook_silent_seconds,
    )
    return Workbooks(limits, settings.workbooks_at_once)


def set_up() -> None:
    """Make this process a worker of ingest, from its environment."""
    settings = load_or_exit(IngestSettings)
    become_worker("ingest", settings, partial(declare_actors, deps=make_deps(settings)))

"""Wires the analyzer; what Dramatiq's command line runs: `dramatiq mailsift.analyzer.worker:set_up`."""

from __future__ import annotations

import gc
from functools import partial
from typing import Final

from mailsift.analyzer.actors import declare_actors
from mailsift.analyzer.config import AnalyzerSettings
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.list_files import ListStore
from mailsift.analyzer.metrics import count_query
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.shared.db.rate_limits import Bucket
from mailsift.shared.jobs.worker import become_worker
from mailsift.shared.settings import load_or_exit

_OBJECTS_TO_COLLECT: Final = 5_000


def make_deps(settings: AnalyzerSettings) -> AnalyzerDeps:
    """Build what the handlers work with; one breaker for the whole process."""
    probe_settings = ProbeSettings(
        nameservers=settings.nameservers,
        query_seconds=settings.dns_query_seconds,
        tries=settings.dns_tries,
        concurrency=settings.dns_concurrency,
        questions_at_once=settings.dns_questions_at_once,
    )
    return AnalyzerDeps(
        DomainProbe(probe_settings, CircuitBreaker(), count_query),
        resolver=",".join(settings.nameservers) or "system",
        domains_per_job=settings.domains_per_job,
        rows_per_job=settings.rows_per_job,
        limit=_limit(settings),
        lists=ListStore(settings.lists_folder),
    )


def _limit(settings: AnalyzerSettings) -> Bucket | None:
    if settings.dns_domains_per_second == 0:
        return None
    return Bucket(settings.dns_domains_burst, settings.dns_domains_per_second)


def set_up() -> None:
    """Make this process a worker of the analyzer, from its environment."""
    settings = load_or_exit(AnalyzerSettings)
    become_worker("analyzer", settings, partial(declare_actors, deps=make_deps(settings)))
    # What stands now stays to the end: to go through it again and again took a tenth of the processor.
    gc.freeze()
    gc.set_threshold(_OBJECTS_TO_COLLECT)

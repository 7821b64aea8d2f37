"""Every type of job: which queue carries it, how long it may run, how often it is tried; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobType(StrEnum):
    """The word in `jobType`, which is also the name of the actor that runs it."""

    FILE_PROCESSING = "file_processing"
    SINGLE_ANALYSIS = "single_analysis"
    BULK_ANALYSIS = "bulk_analysis"
    ADVANCED_ANALYSIS = "advanced_analysis"
    DOMAIN_ANALYSIS = "domain_analysis"
    DOMAIN_RESOLUTION = "domain_resolution"
    EMAIL_SCORING = "email_scoring"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Route:
    """Where jobs of a type go and how much they may take."""

    queue: str
    max_runtime_seconds: int = 900
    max_retries: int = 5
    # From 0 to 10; higher goes first.
    priority: int = 0
    # Whether a child of this type that ends badly fails its parent.
    fails_parent: bool = True


ROUTES: dict[JobType, Route] = {
    # Long lists and slow storage: a checkpoint every few seconds makes a long run safe.
    JobType.FILE_PROCESSING: Route("ingest.files", max_runtime_seconds=6 * 3600),
    # Somebody waits for the answer to a single address or domain.
    JobType.SINGLE_ANALYSIS: Route("analyzer.analyses", priority=5),
    JobType.BULK_ANALYSIS: Route("analyzer.analyses"),
    JobType.ADVANCED_ANALYSIS: Route("analyzer.analyses"),
    JobType.DOMAIN_ANALYSIS: Route("analyzer.analyses", priority=5),
    # Domains that could not be looked up are unknown; the analysis goes on.
    JobType.DOMAIN_RESOLUTION: Route("analyzer.domains", fails_parent=False),
    JobType.EMAIL_SCORING: Route("analyzer.scores"),
    JobType.EXPORT: Route("exporter.files", max_runtime_seconds=3600),
}

QUEUES = tuple(sorted({route.queue for route in ROUTES.values()}))
"""The queues of jobs."""

# What webhooks are told is no job, and comes by a queue of its own.
DELIVERY_QUEUE = "exporter.deliveries"
DELIVERY_ACTOR = "webhook_delivery"

ALL_QUEUES = (*QUEUES, DELIVERY_QUEUE)

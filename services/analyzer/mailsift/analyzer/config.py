"""What the analyzer reads from its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from mailsift.shared.settings import ResolverSettings, WorkerSettings


class AnalyzerSettings(WorkerSettings, ResolverSettings):
    """How domains are looked up and how lists are cut."""

    dns_query_seconds: PositiveFloat = 4
    dns_tries: PositiveInt = 4
    dns_concurrency: PositiveInt = 200
    dns_questions_at_once: PositiveInt = 2_000
    dns_domains_per_second: NonNegativeFloat = 1_000
    dns_domains_burst: PositiveFloat = 10_000
    domains_per_job: PositiveInt = 500
    rows_per_job: PositiveInt = 20_000
    lists_folder: Path | None = None

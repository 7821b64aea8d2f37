"""What the analyzer reads from its environment."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt

from mailsift.shared.settings import ResolverSettings, WorkerSettings


class AnalyzerSettings(WorkerSettings, ResolverSettings):
    """How domains are looked up and how lists are cut."""

    dns_query_seconds: PositiveFloat = 4
    dns_tries: PositiveInt = 4
    dns_concurrency: PositiveInt = 200
    domains_per_job: PositiveInt = 500
    rows_per_job: PositiveInt = 20_000

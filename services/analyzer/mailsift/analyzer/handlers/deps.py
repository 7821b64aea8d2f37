"""What the handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.shared.db.rate_limits import Bucket


@dataclass(frozen=True, slots=True)
class AnalyzerDeps:
    """The probe, the name of the nameservers it asks, how lists are cut, and what a workspace may ask."""

    probe: DomainProbe
    resolver: str
    domains_per_job: int
    rows_per_job: int
    # In domains; None is no limit.
    limit: Bucket | None = None

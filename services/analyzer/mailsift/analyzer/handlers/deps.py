"""What the handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from mailsift.analyzer.probes.domains import DomainProbe


@dataclass(frozen=True, slots=True)
class AnalyzerDeps:
    """The probe, the name of the nameservers it asks, and how lists are cut."""

    probe: DomainProbe
    resolver: str
    domains_per_job: int
    rows_per_job: int

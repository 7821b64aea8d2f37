"""What the handlers work with."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailsift.analyzer.handlers.examiners import Examiners
from mailsift.analyzer.list_files import ListStore
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
    # Of domains and names.
    lists: ListStore = field(default_factory=ListStore)
    examiners: Examiners = field(default_factory=Examiners)

"""What the handlers work with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease


@dataclass(frozen=True, slots=True)
class AnalyzerDeps:
    """The probe, the name of the nameservers it asks, and how lists are cut."""

    probe: DomainProbe
    resolver: str
    domains_per_job: int
    rows_per_job: int


def analysis_id(lease: Lease) -> uuid.UUID:
    """Return the analysis that a job is of."""
    if lease.job.analysis_id is None:
        raise PermanentError("wrong_subject", f"a {lease.job.job_type.value} job needs an analysis")
    return lease.job.analysis_id

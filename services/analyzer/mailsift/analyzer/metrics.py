"""What the analyzer counts."""

from __future__ import annotations

from prometheus_client import Counter

from mailsift.analyzer.evidence import Lookup
from mailsift.shared.observability.metrics import REGISTRY

DNS_QUERIES = Counter("mailsift_dns_queries", "DNS questions, by how they ended", ["outcome"], registry=REGISTRY)
DOMAINS_CACHED = Counter("mailsift_domains_cached", "Domains whose facts were fresh at planning", registry=REGISTRY)


_BY_OUTCOME = {outcome: DNS_QUERIES.labels(outcome.value) for outcome in Lookup}


def count_query(outcome: Lookup) -> None:
    """Count one question."""
    _BY_OUTCOME[outcome].inc()

"""What the analyzer counts."""

from __future__ import annotations

from typing import get_args

from prometheus_client import Counter, Histogram

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.records.replies import RecordType
from mailsift.shared.observability.metrics import REGISTRY

DNS_QUERIES = Counter(
    "mailsift_dns_queries",
    "DNS questions, by what was asked for and how they ended",
    ["record_type", "outcome"],
    registry=REGISTRY,
)
DNS_QUERY_SECONDS = Histogram(
    "mailsift_dns_query_seconds",
    "Time from sending a question first to its end, repeated tries included",
    ["record_type"],
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 4),
    registry=REGISTRY,
)
VERDICTS = Counter(
    "mailsift_verdicts",
    "Addresses of lists, by what they were found to be",
    ["status", "sub_status"],
    registry=REGISTRY,
)
DOMAINS_CACHED = Counter("mailsift_domains_cached", "Domains whose facts were fresh at planning", registry=REGISTRY)

# Looked up once: there are thousands of questions a second.
_TYPES: tuple[RecordType, ...] = get_args(RecordType)
_ENDED: dict[tuple[RecordType, Lookup], Counter] = {
    (record_type, outcome): DNS_QUERIES.labels(record_type, outcome.value)
    for record_type in _TYPES
    for outcome in Lookup
    if outcome is not Lookup.NOT_ASKED
}
_SECONDS = {record_type: DNS_QUERY_SECONDS.labels(record_type) for record_type in _TYPES}


def count_query(record_type: RecordType, outcome: Lookup, seconds: float) -> None:
    """Count one question."""
    _ENDED[record_type, outcome].inc()
    _SECONDS[record_type].observe(seconds)

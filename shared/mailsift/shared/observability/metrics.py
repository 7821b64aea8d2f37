"""The metrics registry of a process, and the metrics that every service shares; labels are bounded, units in names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

# When a series was made is a series more for each, and nobody looks.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

JOBS_STARTED = Counter("mailsift_jobs_started", "Claims of a job", ["job_type"], registry=REGISTRY)
JOBS_ENDED = Counter("mailsift_jobs_ended", "Attempts that ended", ["job_type", "outcome"], registry=REGISTRY)
JOB_RUN_SECONDS = Histogram(
    "mailsift_job_run_seconds",
    "Time from claim to the end of the attempt",
    ["job_type"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900),
    registry=REGISTRY,
)
JOB_WAIT_SECONDS = Histogram(
    "mailsift_job_wait_seconds",
    "Time from when a job was due to its claim",
    ["job_type"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
    registry=REGISTRY,
)
CLAIMS_REFUSED = Counter("mailsift_claims_refused", "Hints whose job was not there to claim", registry=REGISTRY)
WRITES_FENCED = Counter("mailsift_writes_fenced", "Transactions that a lost lease rolled back", registry=REGISTRY)
LEASES_HELD = Gauge("mailsift_leases_held", "Jobs that this process runs now", registry=REGISTRY)
RATE_LIMIT_WAITS = Counter(
    "mailsift_rate_limit_waits", "Takers that a rate limit sent away for now", ["service"], registry=REGISTRY
)
ROWS = Counter("mailsift_rows", "Rows that went through, by stage", ["stage"], registry=REGISTRY)
STORAGE_OPERATIONS = Counter(
    "mailsift_storage_operations",
    "What was asked of the object storage, by how it ended",
    ["operation", "outcome"],
    registry=REGISTRY,
)
STORAGE_SECONDS = Histogram(
    "mailsift_storage_seconds",
    "Time from asking the object storage to its answer; a write ends with its last byte",
    ["operation"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600),
    registry=REGISTRY,
)
DATABASE_CONNECTIONS = Gauge(
    "mailsift_database_connections", "Open connections of a pool", ["pool", "state"], registry=REGISTRY
)
DATABASE_CONNECTIONS_LIMIT = Gauge(
    "mailsift_database_connections_limit", "Connections that a pool may open", ["pool"], registry=REGISTRY
)
EVENT_LOOP_LAG_SECONDS = Histogram(
    "mailsift_event_loop_lag_seconds",
    "How late an event loop came to what was due",
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 5, 15),
    registry=REGISTRY,
)
TRACE_SPANS = Counter(
    "mailsift_trace_spans",
    "Spans that a collector took, or did not, where traces are on",
    ["outcome"],
    registry=REGISTRY,
)
for _outcome in ("sent", "lost"):
    TRACE_SPANS.labels(_outcome)

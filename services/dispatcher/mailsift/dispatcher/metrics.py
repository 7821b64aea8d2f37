"""What the dispatcher counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from mailsift.shared.observability.metrics import REGISTRY

HINTS_SENT = Counter("mailsift_hints_sent", "Hints that the broker confirmed", ["queue"], registry=REGISTRY)
PUBLISH_FAILURES = Counter("mailsift_publish_failures", "Hints that the broker did not confirm", registry=REGISTRY)
PAUSED = Gauge("mailsift_dispatcher_paused", "1 while the broker cannot be reached", registry=REGISTRY)
PUBLISH_SECONDS = Histogram(
    "mailsift_publish_seconds",
    "Time from handing over a batch of hints to the last of its confirms",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 15),
    registry=REGISTRY,
)
OUTSTANDING = Gauge("mailsift_dispatch_outstanding", "Hints sent and not claimed yet", ["queue"], registry=REGISTRY)
OLDEST_SECONDS = Gauge(
    "mailsift_dispatch_oldest_seconds", "Time since the oldest unclaimed hint was sent", ["queue"], registry=REGISTRY
)
WINDOW = Gauge("mailsift_dispatch_window", "Hints that may be unclaimed at once", ["queue"], registry=REGISTRY)
LEASES_REAPED = Counter(
    "mailsift_leases_reaped", "Leases that ran out, by what became of the job", ["outcome"], registry=REGISTRY
)
CHILDREN_CANCELLED = Counter("mailsift_children_cancelled", "Pending parts of cancelled jobs", registry=REGISTRY)
HINTS_LOST = Counter(
    "mailsift_hints_lost", "Hints that nobody claimed in time and that are sent again", registry=REGISTRY
)
PARENTS_MENDED = Counter(
    "mailsift_parents_mended", "Waiting jobs whose count of open parts was wrong: a bug", registry=REGISTRY
)
FOLLOWERS_MENDED = Counter(
    "mailsift_followers_mended", "Jobs that waited for one that had ended: a bug", registry=REGISTRY
)
SCHEDULE_RUNS = Counter(
    "mailsift_schedule_runs", "Times that schedules came due, by what became of them", ["outcome"], registry=REGISTRY
)
RETENTION_REMOVED = Counter(
    "mailsift_retention_removed",
    "Things that were cleared away because their time was over",
    ["kind"],
    registry=REGISTRY,
)
CHORE_SECONDS = Histogram(
    "mailsift_chore_seconds",
    "Time that one turn of a chore took",
    ["chore"],
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
    registry=REGISTRY,
)
ROWS_LOCKED = Counter(
    "mailsift_chore_rows_locked",
    "Rows that a chore left to its next turn: they were held",
    ["chore"],
    registry=REGISTRY,
)
CHORE_FAILURES = Counter("mailsift_chore_failures", "Turns of a chore that failed", ["chore"], registry=REGISTRY)

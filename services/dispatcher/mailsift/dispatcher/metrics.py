"""What the dispatcher counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from mailsift.shared.observability.metrics import REGISTRY

HINTS_SENT = Counter("mailsift_hints_sent", "Hints that the broker confirmed", ["queue"], registry=REGISTRY)
PUBLISH_FAILURES = Counter("mailsift_publish_failures", "Hints that could not be sent", registry=REGISTRY)
PAUSED = Gauge("mailsift_dispatcher_paused", "1 while the broker cannot be reached", registry=REGISTRY)
WINDOW = Gauge("mailsift_dispatch_outstanding", "Hints sent and not claimed yet", ["queue"], registry=REGISTRY)
LEASES_REAPED = Counter(
    "mailsift_leases_reaped", "Leases that ran out, by what became of the job", ["outcome"], registry=REGISTRY
)
CHILDREN_CANCELLED = Counter("mailsift_children_cancelled", "Pending parts of cancelled jobs", registry=REGISTRY)

"""What the exporter counts."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from mailsift.shared.observability.metrics import REGISTRY

DELIVERIES = Counter(
    "mailsift_webhook_deliveries", "Tries to tell a webhook, by how they went", ["outcome"], registry=REGISTRY
)
for _outcome in ("delivered", "retried", "failed", "not_claimed", "lost"):
    DELIVERIES.labels(_outcome)
DELIVERY_SECONDS = Histogram(
    "mailsift_webhook_delivery_seconds",
    "Time from a try's begin to the answer, or to giving up on it",
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30),
    registry=REGISTRY,
)

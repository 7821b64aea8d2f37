"""What the API counts; routes are named by their template, so that labels stay few."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from mailsift.shared.observability.metrics import REGISTRY

REQUESTS = Counter("mailsift_http_requests", "Requests", ["method", "route", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "mailsift_http_request_seconds",
    "Time from the request to its answer, a stream's first byte included",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300),
    registry=REGISTRY,
)
STREAMS_OPEN = Gauge("mailsift_http_streams_open", "Clients that follow a job now", registry=REGISTRY)

"""Token buckets in PostgreSQL: how often a workspace may have an outside service asked, however many processes ask."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.observability.metrics import RATE_LIMIT_WAITS

# The row's lock makes takers queue up, and the clock is read below that lock, so no stretch of time refills twice: the
# time that passed counts at the rate that was set while it did. What is over the capacity is served from a full bucket.
_TAKE = text("""
    INSERT INTO "rateLimits" AS bucket (key, "workspaceId", tokens, capacity, "refillPerSecond", "updatedAt")
    VALUES (:key, :workspace_id, CAST(:capacity AS double precision) - CAST(:wanted AS double precision),
            :capacity, :refill, clock_timestamp())
    ON CONFLICT (key) DO UPDATE
    SET (tokens, capacity, "refillPerSecond", "updatedAt", "waitSeconds") = (
        SELECT CASE WHEN missing > 0 THEN available ELSE available - CAST(:wanted AS double precision) END,
            excluded.capacity, excluded."refillPerSecond", clock.now,
            CASE WHEN missing > 0 THEN greatest(missing / excluded."refillPerSecond", 0.001) ELSE 0 END
        FROM (SELECT clock_timestamp() AS now) AS clock
        CROSS JOIN LATERAL (
            SELECT greatest(EXTRACT(EPOCH FROM clock.now - bucket."updatedAt")::double precision, 0) AS elapsed
        ) AS past
        CROSS JOIN LATERAL (
            SELECT least(bucket.tokens + elapsed * bucket."refillPerSecond", excluded.capacity) AS available
        ) AS refilled
        CROSS JOIN LATERAL (
            SELECT least(CAST(:wanted AS double precision), excluded.capacity) - available AS missing
        ) AS asked
    )
    RETURNING "waitSeconds" """)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What may be taken at once after a rest, and how much comes back each second; both above zero."""

    capacity: float
    refill_per_second: float

    def __post_init__(self) -> None:
        if not (self.capacity > 0 and self.refill_per_second > 0):
            raise ValueError("a bucket without capacity or refill would never serve anybody")


def key_of(service: str, workspace_id: uuid.UUID) -> str:
    """Name the bucket of a workspace at a service."""
    return f"{service}:{workspace_id}"


def take(connection: Connection, service: str, workspace_id: uuid.UUID, bucket: Bucket, tokens: float = 1.0) -> float:
    """Take tokens, or none at all; returns 0 when they were there, else the seconds until they would be.

    A wish beyond the capacity is served from a full bucket and leaves a debt, which later takers wait off. The bucket
    stays locked to the end of the caller's transaction, which should be short.
    """
    wait = connection.scalar(
        _TAKE,
        {
            "key": key_of(service, workspace_id),
            "workspace_id": workspace_id,
            "capacity": bucket.capacity,
            "refill": bucket.refill_per_second,
            "wanted": tokens,
        },
    )
    if wait:
        RATE_LIMIT_WAITS.labels(service).inc()
    return float(wait or 0)

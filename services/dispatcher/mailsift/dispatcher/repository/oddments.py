"""What is kept to save work or to answer twice the same, and serves nobody any more."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, TextClause, text


def _forget(table: str, key: Sequence[str], condition: str, *, order: str) -> TextClause:
    columns = ", ".join(f't."{column}"' for column in key)
    same = " AND ".join(f't."{column}" = old."{column}"' for column in key)
    # The order has them looked up: batch after batch, a search would begin among those that stay.
    return text(f"""
        WITH old AS (
            SELECT {columns} FROM "{table}" t WHERE {condition} ORDER BY t."{order}" LIMIT :batch FOR UPDATE SKIP LOCKED
        )
        DELETE FROM "{table}" t USING old WHERE {same}""")


_IDEMPOTENCY_KEYS = _forget(
    "idempotencyKeys",
    ["workspaceId", "key"],
    """t."createdAt" < now() - make_interval(hours => :hours)""",
    order="createdAt",
)

_STALE_DOMAINS = _forget(
    "domains", ["domain", "resolver"], """t."expiresAt" < now() - make_interval(days => :days)""", order="expiresAt"
)

# What was claimed and never found out has no time but that of the claim, and none when that was given up.
_UNKNOWN_DOMAINS = _forget(
    "domains",
    ["domain", "resolver"],
    """t."expiresAt" IS NULL AND coalesce(t."claimedUntil" < now() - make_interval(days => :days), true)""",
    order="expiresAt",
)

_VERIFIED_EMAILS = _forget(
    "verifiedEmails",
    ["workspaceId", "emailAddress", "resolver"],
    """t."expiresAt" < now() - make_interval(hours => :hours)""",
    order="expiresAt",
)

_AUDITS = text("""
    WITH old AS (
        SELECT "analysisId" FROM "domainAnalysis"
        WHERE "expiresAt" < now() - make_interval(hours => :hours) AND evidence IS NOT NULL
        ORDER BY "expiresAt" LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE "domainAnalysis" d SET evidence = NULL, recommendations = NULL
    FROM old WHERE d."analysisId" = old."analysisId" """)

# Full is what a bucket begins as.
_RATE_LIMITS = _forget(
    "rateLimits",
    ["key"],
    """t."updatedAt" < now() - make_interval(days => :days)
       AND t.tokens + t."refillPerSecond" * extract(epoch FROM now() - t."updatedAt") >= t.capacity""",
    order="updatedAt",
)

_OUTCOMES = _forget(
    "outcomes",
    ["workspaceId", "normalizedAddress"],
    """t."reportedAt" < now() - make_interval(days => :days)""",
    order="reportedAt",
)

# Schedule by schedule, which is how the key has them.
_SCHEDULE_RUNS = text("""
    WITH old AS (
        SELECT run."scheduleId", run."dueAt" FROM schedules CROSS JOIN LATERAL (
            SELECT "scheduleId", "dueAt" FROM "scheduleRuns" r
            WHERE r."scheduleId" = schedules."scheduleId" AND r."dueAt" < now() - make_interval(days => :days)
            LIMIT :batch FOR UPDATE SKIP LOCKED
        ) AS run LIMIT :batch
    )
    DELETE FROM "scheduleRuns" r USING old WHERE r."scheduleId" = old."scheduleId" AND r."dueAt" = old."dueAt" """)


_GUESTS = text("SELECT forget_guests(:days, :batch)")


def forget_guests(connection: Connection, days: int, batch: int) -> int:
    """Delete guests whose tokens expired so long ago, with their workspaces and all that is in them."""
    return int(connection.scalar(_GUESTS, {"days": days, "batch": batch}) or 0)


def forget_idempotency_keys(connection: Connection, hours: int, batch: int) -> int:
    """Delete answers that are no longer given again."""
    return connection.execute(_IDEMPOTENCY_KEYS, {"hours": hours, "batch": batch}).rowcount


def forget_domains(connection: Connection, days: int, batch: int) -> int:
    """Delete facts of domains that went stale so long ago and that no list has asked for since."""
    forgotten = connection.execute(_STALE_DOMAINS, {"days": days, "batch": batch}).rowcount
    if forgotten < batch:
        forgotten += connection.execute(_UNKNOWN_DOMAINS, {"days": days, "batch": batch - forgotten}).rowcount
    return forgotten


def forget_verified_emails(connection: Connection, hours: int, batch: int) -> int:
    """Delete what was known of single addresses and went stale so long ago."""
    return connection.execute(_VERIFIED_EMAILS, {"hours": hours, "batch": batch}).rowcount


def forget_audits(connection: Connection, hours: int, batch: int) -> int:
    """Empty the analyses of domains that went past their time so long ago; their verdicts stay."""
    return connection.execute(_AUDITS, {"hours": hours, "batch": batch}).rowcount


def forget_rate_limits(connection: Connection, days: int, batch: int) -> int:
    """Delete buckets that nobody has taken from for so long and that are full."""
    return connection.execute(_RATE_LIMITS, {"days": days, "batch": batch}).rowcount


def forget_outcomes(connection: Connection, days: int, batch: int) -> int:
    """Delete what became of mail so long ago, by the last that was said."""
    return connection.execute(_OUTCOMES, {"days": days, "batch": batch}).rowcount


def forget_schedule_runs(connection: Connection, days: int, batch: int) -> int:
    """Delete what is known of the times that schedules came due so long ago."""
    return connection.execute(_SCHEDULE_RUNS, {"days": days, "batch": batch}).rowcount

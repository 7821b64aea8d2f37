"""Messages of webhooks: which are sent next, and which hints were lost."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.jobs.catalog import DELIVERY_QUEUE
from mailsift.shared.jobs.repository.dispatching import Outstanding
from mailsift.shared.jobs.repository.inspecting import QueueState

_PAUSED = f"""EXISTS (SELECT FROM "pausedQueues" WHERE queue = '{DELIVERY_QUEUE}')"""

_UNSENT = """status = 'pending' AND "dispatchedAt" IS NULL"""

_OUTSTANDING = text("""
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min("dispatchedAt")), 0)::float
    FROM "webhookDeliveries" WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL""")

# Each half through a partial index, as for jobs.
_STATE = text(f"""
    WITH unsent AS (
        SELECT count(*) AS messages, count(*) FILTER (WHERE "dueAt" <= statement_timestamp()) AS due,
            min("dueAt") FILTER (WHERE "dueAt" <= statement_timestamp()) AS oldest
        FROM "webhookDeliveries" WHERE {_UNSENT}
    ), in_flight AS (
        SELECT count(*) FILTER (WHERE status = 'pending') AS sent,
            count(*) FILTER (WHERE status = 'delivering') AS running,
            min("dueAt") FILTER (WHERE status = 'pending') AS oldest
        FROM "webhookDeliveries" WHERE status IN ('pending', 'delivering') AND "dispatchedAt" IS NOT NULL
    )
    SELECT unsent.due + sent, messages - unsent.due, sent, running,
        extract(epoch FROM statement_timestamp() - least(unsent.oldest, in_flight.oldest))::float,
        extract(epoch FROM statement_timestamp() - unsent.oldest)::float,
        "pausedAt", reason
    FROM unsent CROSS JOIN in_flight LEFT JOIN "pausedQueues" ON queue = '{DELIVERY_QUEUE}'""")

# Which webhooks have something to be told, found by skipping from one to the next: it does not matter how much each
# has. Of each as much as it may have under way, in the order in which it is due; those that have had less go first.
_TAKE = text(f"""
    WITH RECURSIVE waiting("webhookId") AS (
        (SELECT "webhookId" FROM "webhookDeliveries" WHERE {_UNSENT} AND NOT {_PAUSED} ORDER BY 1 LIMIT 1)
        UNION ALL
        SELECT (SELECT d."webhookId" FROM "webhookDeliveries" d
                WHERE {_UNSENT} AND d."webhookId" > waiting."webhookId" ORDER BY 1 LIMIT 1)
        FROM waiting WHERE waiting."webhookId" IS NOT NULL
    ), due AS (
        SELECT ready.* FROM waiting CROSS JOIN LATERAL (
            SELECT "deliveryId", "dueAt", row_number() OVER (ORDER BY "dueAt") AS place
            FROM "webhookDeliveries" d
            WHERE d."webhookId" = waiting."webhookId" AND {_UNSENT} AND "dueAt" <= clock_timestamp()
            ORDER BY "dueAt"
            LIMIT greatest(0, :of_each - (
                SELECT count(*) FROM "webhookDeliveries" u
                WHERE u."webhookId" = waiting."webhookId"
                    AND status IN ('pending', 'delivering') AND "dispatchedAt" IS NOT NULL))
        ) ready
    ), chosen AS (
        SELECT "deliveryId" FROM "webhookDeliveries"
        WHERE "deliveryId" IN (SELECT "deliveryId" FROM due ORDER BY place, "dueAt" LIMIT :most) AND {_UNSENT}
        FOR UPDATE SKIP LOCKED
    )
    UPDATE "webhookDeliveries" d SET "dispatchedAt" = clock_timestamp()
    FROM chosen WHERE d."deliveryId" = chosen."deliveryId"
    RETURNING d."deliveryId", d.attempt""")

_UNMARK = text("""
    UPDATE "webhookDeliveries" SET "dispatchedAt" = NULL
    WHERE "deliveryId" = ANY(CAST(:ids AS uuid[])) AND status = 'pending'""")

_LOST_HINTS = text("""
    WITH lost AS (
        SELECT "deliveryId" FROM "webhookDeliveries"
        WHERE status = 'pending' AND "dispatchedAt" < clock_timestamp() - make_interval(secs => :after)
        LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE "webhookDeliveries" d SET "dispatchedAt" = NULL FROM lost WHERE d."deliveryId" = lost."deliveryId" """)

# Whether the message has arrived, nobody knows: it is sent again, at once the first time. What its workers die of again
# and again may be the message itself.
_LOST_WORKERS = text("""
    WITH lost AS (
        SELECT "deliveryId" FROM "webhookDeliveries"
        WHERE status = 'delivering' AND "dispatchedAt" IS NOT NULL AND "leaseUntil" < clock_timestamp()
        LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE "webhookDeliveries" d SET "workersLost" = "workersLost" + 1,
        status = CASE WHEN "workersLost" + 1 < :most THEN 'pending' ELSE 'failed' END,
        "completedAt" = CASE WHEN "workersLost" + 1 < :most THEN NULL ELSE clock_timestamp() END,
        "dispatchedAt" = NULL, "leaseToken" = NULL, "leaseUntil" = NULL,
        "errorCode" = 'worker_lost', "errorMessage" = 'the worker fell silent',
        "dueAt" = clock_timestamp() + make_interval(secs => :pause * "workersLost")
    FROM lost WHERE d."deliveryId" = lost."deliveryId" """)

_OLD = text("""
    WITH old AS (
        SELECT "deliveryId" FROM "webhookDeliveries"
        WHERE "createdAt" < now() - make_interval(days => :days) AND status IN ('delivered', 'failed')
        ORDER BY "createdAt" LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    DELETE FROM "webhookDeliveries" d USING old WHERE d."deliveryId" = old."deliveryId" """)


@dataclass(frozen=True, slots=True)
class DeliveryHint:
    """A message to send about a message to send."""

    delivery_id: uuid.UUID
    attempt: int


def outstanding(connection: Connection) -> Outstanding:
    """Look at the hints that were sent and not claimed yet."""
    return Outstanding(*connection.execute(_OUTSTANDING).one())


def state(connection: Connection) -> QueueState:
    """Look how the queue stands: a message that is over for good is no dead letter."""
    due, waiting, sent, running, oldest, unsent, paused_since, reason = connection.execute(_STATE).one()
    return QueueState(DELIVERY_QUEUE, due, waiting, sent, running, 0, oldest, unsent, paused_since, reason)


def take(connection: Connection, most: int, of_each: int) -> list[DeliveryHint]:
    """Mark due messages as sent: at most so many, and of each webhook no more than may be under way at once."""
    rows = connection.execute(_TAKE, {"most": most, "of_each": of_each})
    return [DeliveryHint(row[0], row[1]) for row in rows]


def unmark(connection: Connection, hints: Sequence[DeliveryHint]) -> None:
    """Take the mark back from messages whose hint could not be sent."""
    connection.execute(_UNMARK, {"ids": [str(hint.delivery_id) for hint in hints]})


def republish(connection: Connection, after_seconds: float, batch: int) -> int:
    """Let hints be sent again that nobody has claimed for so long; returns how many."""
    return connection.execute(_LOST_HINTS, {"after": after_seconds, "batch": batch}).rowcount


def reap(connection: Connection, batch: int, most: int, pause_seconds: float) -> int:
    """Let messages be sent again whose worker fell silent over them, and end those that have cost so many workers.

    Each loss makes the next one wait longer. Returns how many there were.
    """
    return connection.execute(_LOST_WORKERS, {"batch": batch, "most": most, "pause": pause_seconds}).rowcount


def forget(connection: Connection, days: int, batch: int) -> int:
    """Delete what is over from the log, so many days after it was written."""
    return connection.execute(_OLD, {"days": days, "batch": batch}).rowcount

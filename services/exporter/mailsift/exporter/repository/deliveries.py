"""Messages of webhooks: the claim of one, and how it went."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from mailsift.exporter.webhooks.judging import Standing, Verdict
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.events import TOLD_ONCE, DeliveryStatus
from mailsift.shared.jobs.catalog import DELIVERY_QUEUE
from mailsift.shared.jobs.repository import outbox

# `attempt` is what the hint carries: a repeated or late one names an attempt that was claimed already.
_CLAIM = text(f"""
    UPDATE "webhookDeliveries" d SET status = 'delivering', attempt = attempt + 1,
        "leaseToken" = gen_random_uuid(), "leaseUntil" = clock_timestamp() + make_interval(secs => :lease),
        "attemptedAt" = clock_timestamp(), "dispatchedAt" = coalesce("dispatchedAt", clock_timestamp())
    FROM webhooks w
    WHERE d."deliveryId" = :delivery_id AND d.status = 'pending' AND d.attempt = :attempt
        AND w."webhookId" = d."webhookId"
        AND NOT EXISTS (SELECT FROM "pausedQueues" WHERE queue = '{DELIVERY_QUEUE}')
    RETURNING d."leaseToken", d."webhookId", d."workspaceId", w."userId", w.url, d.event, d.payload, d.failures,
        d."queuedAt", w."failingSince", d."attemptedAt", d."traceContext", ARRAY(
            SELECT secret FROM "webhookSecrets" s
            WHERE s."webhookId" = w."webhookId" AND (s."expiresAt" IS NULL OR s."expiresAt" > clock_timestamp())
            ORDER BY s."expiresAt" NULLS FIRST)""")

# Before the message itself, as whoever deletes a webhook does: in two orders each would wait for the other.
_HOLD = text("""
    SELECT enabled, "failingSince" FROM webhooks WHERE "webhookId" = :webhook_id FOR NO KEY UPDATE""")

_END = text("""
    UPDATE "webhookDeliveries" SET status = :status, failures = failures + :failures,
        "dueAt" = clock_timestamp() + make_interval(secs => :delay),
        "dispatchedAt" = NULL, "leaseToken" = NULL, "leaseUntil" = NULL,
        "responseStatus" = :response_status, "responseBody" = :response_body,
        "errorCode" = :code, "errorMessage" = :message, "durationMs" = :duration_ms,
        "completedAt" = CASE WHEN :status = 'pending' THEN NULL ELSE clock_timestamp() END
    WHERE "deliveryId" = :delivery_id AND "leaseToken" = :token""")

_WELL = text("""
    UPDATE webhooks SET "failingSince" = NULL WHERE "webhookId" = :webhook_id AND "failingSince" IS NOT NULL""")

_BADLY = text("""
    UPDATE webhooks SET "failingSince" = clock_timestamp()
    WHERE "webhookId" = :webhook_id AND "failingSince" IS NULL""")

_DISABLE = text("""
    UPDATE webhooks SET enabled = false, "disabledReason" = :reason, "updatedAt" = clock_timestamp()
    WHERE "webhookId" = :webhook_id AND enabled""")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is to be sent now, by whoever holds it."""

    delivery_id: uuid.UUID
    lease_token: uuid.UUID
    webhook_id: uuid.UUID
    workspace_id: uuid.UUID
    user_id: uuid.UUID
    url: str
    body: bytes
    secrets: Sequence[str]
    attempted_at: dt.datetime
    standing: Standing
    trace_context: str | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """How one went."""

    verdict: Verdict
    duration_ms: int
    response_status: int | None = None
    response_body: str | None = None


def claim(connection: Connection, delivery_id: uuid.UUID, attempt: int, lease_seconds: float) -> Delivery | None:
    """Take a message; None when another hint took this attempt, or there is nothing to send any more."""
    row = connection.execute(_CLAIM, {"delivery_id": delivery_id, "attempt": attempt, "lease": lease_seconds}).first()
    if row is None:
        return None
    token, webhook_id, workspace_id, user_id, url, event, payload, failures, queued_at, failing, at, trace, secrets = (
        row
    )
    return Delivery(
        delivery_id=delivery_id,
        lease_token=token,
        webhook_id=webhook_id,
        workspace_id=workspace_id,
        user_id=user_id,
        url=url,
        body=json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(),
        secrets=secrets,
        attempted_at=at,
        standing=Standing(event, failures, queued_at, failing),
        trace_context=trace,
    )


def hold(connection: Connection, delivery: Delivery) -> Standing:
    """Say how things stand after a try: its webhook may be well again by now, or switched off, and so it stays."""
    row = connection.execute(_HOLD, {"webhook_id": delivery.webhook_id}).first()
    return delivery.standing if row is None else replace(delivery.standing, enabled=row[0], failing_since=row[1])


def end(connection: Connection, delivery: Delivery, tried: Try) -> bool:
    """Write down how a try went, and what follows for the webhook; False for one who has lost the message."""
    verdict = tried.verdict
    delivered = verdict.status is DeliveryStatus.DELIVERED
    written = connection.execute(
        _END,
        {
            "delivery_id": delivery.delivery_id,
            "token": delivery.lease_token,
            "status": verdict.status.value,
            "failures": int(not delivered),
            "delay": verdict.delay_seconds,
            "response_status": tried.response_status,
            "response_body": tried.response_body,
            "code": verdict.code,
            "message": verdict.message,
            "duration_ms": tried.duration_ms,
        },
    ).rowcount
    if not written:
        return False
    if delivered:
        connection.execute(_WELL, {"webhook_id": delivery.webhook_id})
    elif delivery.standing.event not in TOLD_ONCE:
        # A test that fails says only that its webhook is not ready yet.
        connection.execute(_BADLY, {"webhook_id": delivery.webhook_id})
    if verdict.disables is not None:
        _disable(connection, delivery, verdict.disables)
    return True


def _disable(connection: Connection, delivery: Delivery, reason: str) -> None:
    if connection.execute(_DISABLE, {"webhook_id": delivery.webhook_id, "reason": reason}).rowcount:
        outbox.give_up(connection, delivery.webhook_id)
        record(connection, delivery, Activity.WEBHOOK_DISABLED, delivery.webhook_id, {"reason": reason})

"""Messages to webhooks: the log of them, one more to test, and one once more."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select, text

from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import webhooks as schemas
from mailsift.shared.db.tables import WebhookDelivery
from mailsift.shared.events import TEST_EVENT
from mailsift.shared.jobs.repository.outbox import message

_TEST_DATA = """jsonb_build_object('webhookId', "webhookId")"""

_TEST = text(f"""
    INSERT INTO "webhookDeliveries" ("deliveryId", "webhookId", "workspaceId", event, payload)
    SELECT gen_random_uuid(), "webhookId", "workspaceId", '{TEST_EVENT}',
        {message(f"'{TEST_EVENT}'", _TEST_DATA)}
    FROM webhooks WHERE "webhookId" = :webhook_id
    RETURNING "deliveryId" """)

_REPLAY = text("""
    UPDATE "webhookDeliveries" SET status = 'pending', failures = 0, "dueAt" = clock_timestamp(),
        "queuedAt" = clock_timestamp(), "dispatchedAt" = NULL, "completedAt" = NULL
    WHERE "deliveryId" = :delivery_id AND status IN ('delivered', 'failed')""")


def add_test(connection: Connection, webhook_id: uuid.UUID) -> uuid.UUID | None:
    """Have a message sent that says nothing; None when there is no such webhook."""
    delivery_id: uuid.UUID | None = connection.scalar(_TEST, {"webhook_id": webhook_id})
    return delivery_id


def replay(connection: Connection, delivery_id: uuid.UUID) -> bool:
    """Have a message sent once more, under its old id; False for one that is on its way."""
    return connection.execute(_REPLAY, {"delivery_id": delivery_id}).rowcount > 0


def find(connection: Connection, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> schemas.Delivery | None:
    """Read one message of a webhook."""
    query = _rows(webhook_id).where(WebhookDelivery.delivery_id == delivery_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else schemas.Delivery.model_validate(_shown(row))


def page(connection: Connection, webhook_id: uuid.UUID, wanted: schemas.DeliveryFilter) -> schemas.DeliveryPage:
    """Read a page of the messages of a webhook."""
    query = _rows(webhook_id)
    if wanted.status is not None:
        query = query.where(WebhookDelivery.status == wanted.status.value)
    if wanted.event is not None:
        query = query.where(WebhookDelivery.event == wanted.event)
    rows, following = newest_first(connection, query, wanted, WebhookDelivery.created_at, WebhookDelivery.delivery_id)
    shown = [schemas.DeliverySummary.model_validate(_shown(row)) for row in rows]
    return schemas.DeliveryPage(items=shown, next=following)


def _rows(webhook_id: uuid.UUID) -> Select[Any]:
    return select(WebhookDelivery.__table__).where(WebhookDelivery.webhook_id == webhook_id)


def _shown(row: RowMapping) -> dict[str, Any]:
    waits = row["status"] == "pending"
    return {**row, "attempts": row["attempt"], "next_attempt_at": row["due_at"] if waits else None}

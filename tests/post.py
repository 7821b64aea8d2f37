"""A webhook, whoever tells it something, and the host that listens."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from sqlalchemy import Engine, insert, text
from uuid_utils.compat import uuid7

from factories import Tenant
from file_host import FileHost
from mailsift.dispatcher.repository import deliveries
from mailsift.dispatcher.repository.deliveries import DeliveryHint
from mailsift.exporter.delivering import Courier, deliver
from mailsift.exporter.webhooks.sending import Sender
from mailsift.shared.db.tables import Webhook, WebhookSecret
from mailsift.shared.events import WebhookEvent
from mailsift.shared.networks import Address, Reach
from mailsift.shared.outbound.dialing import Dialer
from mailsift.shared.outbound.names import Names
from servers import LOOPBACK

Row = dict[str, Any]
SECRET = "whsec_" + base64.b64encode(b"m" * 32).decode()
EVERYTHING = tuple(WebhookEvent)


class LocalNames(Names):
    """Knows every host as this machine."""

    def addresses(self, host: str) -> list[Address]:  # noqa: ARG002 - the signature of the base class
        return [ip_address(LOOPBACK)]


def courier_to(host: FileHost, seconds: float = 10) -> Courier:
    """One that trusts the host, and may reach this machine."""
    return Courier(Sender(Dialer(Reach([f"{LOOPBACK}/32"]), LocalNames(), seconds, host.ca_file), seconds))


@dataclass
class Post:
    """One webhook of a tenant's, with the roles that have to do with it."""

    owner: Engine
    worker: Engine
    dispatcher: Engine
    tenant: Tenant
    url: str
    webhook_id: uuid.UUID = field(default_factory=uuid7)

    def open(self, events: Sequence[WebhookEvent] = EVERYTHING) -> Post:
        """Write the webhook down."""
        owned = {"webhook_id": self.webhook_id, "workspace_id": self.tenant.workspace_id}
        row = {**owned, "user_id": self.tenant.user_id, "url": self.url, "events": [event.value for event in events]}
        with self.owner.begin() as connection:
            connection.execute(insert(Webhook), row)
            signing = {"webhook_secret_id": uuid7(), "webhook_id": self.webhook_id, "secret": SECRET}
            connection.execute(insert(WebhookSecret), signing)
        return self

    def another(self, url: str) -> Post:
        """Write down one more."""
        return replace(self, url=url, webhook_id=uuid7()).open()

    def write(self, event: str = "export.completed", **columns: object) -> uuid.UUID:
        """Write a message to be delivered."""
        delivery_id = uuid7()
        values = {
            "deliveryId": delivery_id,
            "webhookId": self.webhook_id,
            "workspaceId": self.tenant.workspace_id,
            "event": event,
            "payload": json.dumps({"type": event, "data": {"ünïcode": "\U0001f600"}}),
            **columns,
        }
        names = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f":{name}" for name in values)
        self.run(f'INSERT INTO "webhookDeliveries" ({names}) VALUES ({places})', **values)
        return delivery_id

    def take(self, most: int = 100, of_each: int = 4) -> list[DeliveryHint]:
        with self.dispatcher.begin() as connection:
            return deliveries.take(connection, most, of_each)

    def deliver(self, courier: Courier) -> list[Row]:
        """Deliver all that is due, and return what was."""
        hints = self.take()
        for hint in hints:
            deliver(courier, self.worker, hint.delivery_id, hint.attempt)
        return [self.delivery(hint.delivery_id) for hint in hints]

    def delivery(self, delivery_id: uuid.UUID) -> Row:
        (row,) = self.rows('SELECT *, now() FROM "webhookDeliveries" WHERE "deliveryId" = :id', id=delivery_id)
        return row

    def deliveries(self) -> list[Row]:
        return self.rows(
            'SELECT * FROM "webhookDeliveries" WHERE "webhookId" = :id ORDER BY "createdAt", event', id=self.webhook_id
        )

    def webhook(self) -> Row:
        (row,) = self.rows('SELECT * FROM webhooks WHERE "webhookId" = :id', id=self.webhook_id)
        return row

    def rows(self, statement: str, **parameters: object) -> list[Row]:
        with self.owner.begin() as connection:
            return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]

    def run(self, statement: str, **parameters: object) -> None:
        with self.owner.begin() as connection:
            connection.execute(text(statement), parameters)

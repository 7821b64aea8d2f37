"""Webhooks and their secrets."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, delete, func, insert, select, update
from uuid_utils.compat import uuid7

from mailsift.api.principal import Principal
from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import webhooks as schemas
from mailsift.api.schemas.base import Listing
from mailsift.shared.db import locks
from mailsift.shared.db.tables import Webhook, WebhookSecret
from mailsift.shared.events import WebhookEvent


@dataclass(frozen=True, slots=True)
class Terms:
    """What a user says of a webhook."""

    url: str
    events: Sequence[WebhookEvent]
    description: str | None
    enabled: bool


def write_alone(connection: Connection, workspace_id: uuid.UUID) -> None:
    """Be the only one who writes webhooks of a workspace until the transaction ends."""
    locks.hold(connection, f"webhooks {workspace_id}")


def count(connection: Connection) -> int:
    """Count the webhooks of the workspace."""
    return connection.execute(select(func.count()).select_from(Webhook)).scalar_one()


def add(connection: Connection, principal: Principal, terms: Terms, secret: str) -> uuid.UUID:
    """Write a new webhook and what signs its messages."""
    webhook_id = uuid7()
    owner = {"webhook_id": webhook_id, "workspace_id": principal.workspace_id, "user_id": principal.user_id}
    connection.execute(insert(Webhook), {**owner, **_columns(terms)})
    _add_secret(connection, webhook_id, secret)
    return webhook_id


def change(connection: Connection, webhook_id: uuid.UUID, terms: Terms, *, anew: bool) -> None:
    """Write what is said of a webhook; `anew`, and what was wrong with it is forgotten."""
    changed: dict[str, Any] = {**_columns(terms), "updated_at": func.clock_timestamp()}
    if anew:
        changed |= {"disabled_reason": None, "failing_since": None}
    connection.execute(update(Webhook).where(Webhook.webhook_id == webhook_id).values(changed))


def switch_off(connection: Connection, webhook_id: uuid.UUID) -> None:
    """Let a webhook be told nothing any more."""
    connection.execute(update(Webhook).where(Webhook.webhook_id == webhook_id).values(enabled=False))


def rotate(connection: Connection, webhook_id: uuid.UUID, secret: str, overlap_hours: int) -> dt.datetime:
    """Replace the secret; returns until when the old one signs too. One that was replaced before signs no more."""
    mine = WebhookSecret.webhook_id == webhook_id
    connection.execute(delete(WebhookSecret).where(mine, WebhookSecret.expires_at.is_not(None)))
    ends = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, overlap_hours)
    replacing = update(WebhookSecret).where(mine).values(expires_at=ends).returning(WebhookSecret.expires_at)
    until = connection.execute(replacing).scalar_one()
    _add_secret(connection, webhook_id, secret)
    return cast("dt.datetime", until)


def remove(connection: Connection, webhook_id: uuid.UUID) -> bool:
    """Delete a webhook, its secrets and its log. False when there is none."""
    return connection.execute(delete(Webhook).where(Webhook.webhook_id == webhook_id)).rowcount > 0


def find(connection: Connection, webhook_id: uuid.UUID) -> schemas.Webhook | None:
    """Read one webhook."""
    query = select(Webhook.__table__).where(Webhook.webhook_id == webhook_id)
    return _shown(connection.execute(query).mappings().first())


def hold(connection: Connection, webhook_id: uuid.UUID) -> schemas.Webhook | None:
    """Read one webhook, and keep others from changing it until the transaction ends."""
    query = select(Webhook.__table__).where(Webhook.webhook_id == webhook_id).with_for_update(key_share=True)
    return _shown(connection.execute(query).mappings().first())


def page(connection: Connection, listing: Listing) -> schemas.WebhookPage:
    """Read a page of webhooks."""
    query = select(Webhook.__table__)
    rows, following = newest_first(connection, query, listing, Webhook.created_at, Webhook.webhook_id)
    shown = [schemas.Webhook.model_validate(dict(row)) for row in rows]
    return schemas.WebhookPage(items=shown, next=following)


def _columns(terms: Terms) -> dict[str, Any]:
    events = [event.value for event in terms.events]
    return {"url": terms.url, "events": events, "description": terms.description, "enabled": terms.enabled}


def _add_secret(connection: Connection, webhook_id: uuid.UUID, secret: str) -> None:
    row = {"webhook_secret_id": uuid7(), "webhook_id": webhook_id, "secret": secret}
    connection.execute(insert(WebhookSecret), row)


def _shown(row: Mapping[Any, Any] | None) -> schemas.Webhook | None:
    return None if row is None else schemas.Webhook.model_validate(dict(row))

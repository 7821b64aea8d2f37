"""Makes, changes and deletes webhooks, and has them told something."""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import replace

from sqlalchemy import Connection

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.deps import Deps
from mailsift.api.permissions import Permission
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import deliveries, webhooks
from mailsift.api.repository.webhooks import Terms
from mailsift.api.schemas.webhooks import (
    Delivery,
    RotationRequest,
    Webhook,
    WebhookChange,
    WebhookCreated,
    WebhookRequest,
    WebhookSecret,
)
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.events import SECRET_PREFIX
from mailsift.shared.jobs.repository import outbox
from mailsift.shared.urls import parse_url

MOST = 20

_SECRET_BYTES = 32


def create(deps: Deps, asked: Asked, request: WebhookRequest) -> tuple[WebhookCreated, bool]:
    """Write a webhook. Raises Problem."""
    secret = _new_secret()
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        answer, replayed = once(
            connection,
            asked,
            fingerprint("webhooks", request.model_dump_json(by_alias=True)),
            WebhookCreated,
            lambda: _add(connection, asked.principal, request, secret),
        )
    # The secret is in no answer that is kept.
    return (answer if replayed else answer.model_copy(update={"secret": secret})), replayed


def as_seen_by(principal: Principal, webhook: Webhook) -> Webhook:
    """Show no more than the host of a URL to those who cannot change it: the rest of it may be a secret."""
    if Permission.ADMINISTER in principal.permissions:
        return webhook
    return webhook.model_copy(update={"url": f"https://{parse_url(webhook.url).authority}"})


def change(deps: Deps, principal: Principal, webhook_id: uuid.UUID, request: WebhookChange) -> Webhook:
    """Write what is to be different. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        before = _held(connection, webhook_id)
        terms = Terms(before.url, before.events, before.description, before.enabled)
        wanted = replace(terms, **{field: getattr(request, field) for field in request.model_fields_set})
        webhooks.change(connection, webhook_id, wanted, anew="enabled" in request.model_fields_set)
        if not wanted.enabled:
            outbox.give_up(connection, webhook_id)
        changed = sorted(request.model_fields_set)
        record(connection, principal, Activity.WEBHOOK_CHANGED, webhook_id, {"changed": changed})
        return _shown(connection, webhook_id)


def delete(deps: Deps, principal: Principal, webhook_id: uuid.UUID) -> None:
    """Delete a webhook with its log. Raises Problem."""
    # Told nothing any more first: the log may be long, and a job that ended meanwhile could not add to it.
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        _held(connection, webhook_id)
        webhooks.switch_off(connection, webhook_id)
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        if not webhooks.remove(connection, webhook_id):
            raise _no_such()
        record(connection, principal, Activity.WEBHOOK_DELETED, webhook_id)


def rotate(deps: Deps, asked: Asked, webhook_id: uuid.UUID, request: RotationRequest) -> tuple[WebhookSecret, bool]:
    """Replace the secret of a webhook. Raises Problem."""
    secret = _new_secret()
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:

        def make() -> WebhookSecret:
            _held(connection, webhook_id)
            until = webhooks.rotate(connection, webhook_id, secret, request.overlap_hours)
            record(connection, asked.principal, Activity.WEBHOOK_SECRET_ROTATED, webhook_id)
            return WebhookSecret(secret=None, previous_expires_at=until)

        asks_for = fingerprint("rotate", str(webhook_id), request.model_dump_json(by_alias=True))
        answer, replayed = once(connection, asked, asks_for, WebhookSecret, make)
    return (answer if replayed else answer.model_copy(update={"secret": secret})), replayed


def send_test(deps: Deps, asked: Asked, webhook_id: uuid.UUID) -> tuple[Delivery, bool]:
    """Have a webhook told that it can be told. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection,
            asked,
            fingerprint("test", str(webhook_id)),
            Delivery,
            lambda: _test(connection, webhook_id),
        )


def replay(deps: Deps, principal: Principal, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> Delivery:
    """Have a webhook told the same once more. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        _delivery(connection, webhook_id, delivery_id)
        if not deliveries.replay(connection, delivery_id):
            raise Problem("delivery_not_ended", "it is on its way; wait until it is delivered or has failed")
        return _delivery(connection, webhook_id, delivery_id)


def _add(connection: Connection, principal: Principal, request: WebhookRequest, secret: str) -> WebhookCreated:
    webhooks.write_alone(connection, principal.workspace_id)
    if webhooks.count(connection) >= MOST:
        raise Problem("too_many_webhooks", f"there are {MOST} of them; delete one that is not needed")
    terms = Terms(request.url, request.events, request.description, request.enabled)
    webhook_id = webhooks.add(connection, principal, terms, secret)
    record(connection, principal, Activity.WEBHOOK_CREATED, webhook_id, {"events": list(request.events)})
    return WebhookCreated(**_shown(connection, webhook_id).model_dump(), secret=None)


def _test(connection: Connection, webhook_id: uuid.UUID) -> Delivery:
    delivery_id = deliveries.add_test(connection, webhook_id)
    if delivery_id is None:
        raise _no_such()
    return _delivery(connection, webhook_id, delivery_id)


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _held(connection: Connection, webhook_id: uuid.UUID) -> Webhook:
    webhook = webhooks.hold(connection, webhook_id)
    if webhook is None:
        raise _no_such()
    return webhook


def _shown(connection: Connection, webhook_id: uuid.UUID) -> Webhook:
    webhook = webhooks.find(connection, webhook_id)
    if webhook is None:
        raise _no_such()
    return webhook


def _delivery(connection: Connection, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> Delivery:
    delivery = deliveries.find(connection, webhook_id, delivery_id)
    if delivery is None:
        raise Problem("not_found", "there is no such delivery")
    return delivery


def _no_such() -> Problem:
    return Problem("not_found", "there is no such webhook")

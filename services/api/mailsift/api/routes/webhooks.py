"""/api/webhooks: who is told what happens, and how that went."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from apiflask import APIBlueprint

from mailsift.api.actions import telling
from mailsift.api.auth import needs, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission
from mailsift.api.repository import deliveries, webhooks
from mailsift.api.routes.answers import Replied, accepted, asked, created, found, reading, repeated
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.webhooks import (
    Delivery,
    DeliveryFilter,
    DeliveryPage,
    RotationRequest,
    Webhook,
    WebhookChange,
    WebhookCreated,
    WebhookPage,
    WebhookRequest,
    WebhookSecret,
)

blueprint = APIBlueprint("webhooks", __name__, url_prefix="/api/webhooks", tag="webhooks")

_REFUSALS = ("malformed_body", "body_too_large", "unsupported_media_type", "validation_failed")


@blueprint.post("")
@blueprint.input(WebhookRequest, location="json")
@blueprint.output(WebhookCreated, status_code=201, description="it is told what happens from now on")
@blueprint.doc(
    responses=refusals(*_REFUSALS, "too_many_webhooks", "idempotency_key_reused"), extensions={"x-idempotent": True}
)
@needs(Permission.ADMINISTER)
def create(json_data: WebhookRequest) -> Replied:
    """Have an address told what happens in the workspace."""
    webhook, replayed = telling.create(deps(), asked(), json_data)
    return created(webhook, f"/api/webhooks/{webhook.webhook_id}", replayed=replayed)


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(WebhookPage)
def index(query_data: Listing) -> WebhookPage:
    """List webhooks, the newest first."""
    with reading() as connection:
        page = webhooks.page(connection, query_data)
    return page.model_copy(update={"items": [telling.as_seen_by(principal(), each) for each in page.items]})


@blueprint.get("/<uuid:webhook_id>")
@blueprint.output(Webhook)
@blueprint.doc(responses=refusals("not_found"))
def show(webhook_id: uuid.UUID) -> Webhook:
    """Read a webhook."""
    with reading() as connection:
        webhook = found(webhooks.find(connection, webhook_id), "webhook")
    return telling.as_seen_by(principal(), webhook)


@blueprint.patch("/<uuid:webhook_id>")
@blueprint.input(WebhookChange, location="json")
@blueprint.output(Webhook)
@blueprint.doc(responses=refusals(*_REFUSALS, "not_found"))
@needs(Permission.ADMINISTER)
def change(webhook_id: uuid.UUID, json_data: WebhookChange) -> Webhook:
    """Change a webhook; what is not sent stays as it is."""
    return telling.change(deps(), principal(), webhook_id, json_data)


@blueprint.delete("/<uuid:webhook_id>")
@blueprint.output({}, status_code=204, description="it is gone, and its log with it")
@blueprint.doc(responses=refusals("not_found"))
@needs(Permission.ADMINISTER)
def delete(webhook_id: uuid.UUID) -> str:
    """Delete a webhook."""
    telling.delete(deps(), principal(), webhook_id)
    return ""


@blueprint.post("/<uuid:webhook_id>/secret")
@blueprint.input(RotationRequest, location="json")
@blueprint.output(WebhookSecret, status_code=201, description="the new secret, shown this once")
@blueprint.doc(responses=refusals(*_REFUSALS, "not_found", "idempotency_key_reused"), extensions={"x-idempotent": True})
@needs(Permission.ADMINISTER)
def rotate(webhook_id: uuid.UUID, json_data: RotationRequest) -> Replied:
    """Replace the secret of a webhook; for a while what it is told is signed by both."""
    secret, replayed = telling.rotate(deps(), asked(), webhook_id, json_data)
    return secret, HTTPStatus.CREATED.value, repeated(replayed=replayed)


@blueprint.post("/<uuid:webhook_id>/test")
@blueprint.output(Delivery, status_code=202, description="a message is on its way")
@blueprint.doc(responses=refusals("not_found", "idempotency_key_reused"), extensions={"x-idempotent": True})
@needs(Permission.ADMINISTER)
def test(webhook_id: uuid.UUID) -> Replied:
    """Send a webhook a message that says nothing, also while it is disabled."""
    delivery, replayed = telling.send_test(deps(), asked(), webhook_id)
    return accepted(delivery, f"webhooks/{webhook_id}/deliveries", delivery.delivery_id, replayed=replayed)


@blueprint.get("/<uuid:webhook_id>/deliveries")
@blueprint.input(DeliveryFilter, location="query")
@blueprint.output(DeliveryPage)
@blueprint.doc(responses=refusals("not_found"))
def list_deliveries(webhook_id: uuid.UUID, query_data: DeliveryFilter) -> DeliveryPage:
    """List what a webhook was told, the newest first, and how the last try of each went."""
    with reading() as connection:
        found(webhooks.find(connection, webhook_id), "webhook")
        return deliveries.page(connection, webhook_id, query_data)


@blueprint.get("/<uuid:webhook_id>/deliveries/<uuid:delivery_id>")
@blueprint.output(Delivery)
@blueprint.doc(responses=refusals("not_found"))
def show_delivery(webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> Delivery:
    """Read one message: what was sent, and the beginning of what was answered."""
    with reading() as connection:
        return found(deliveries.find(connection, webhook_id, delivery_id), "delivery")


@blueprint.post("/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay")
@blueprint.output(Delivery, status_code=202, description="it is on its way once more, under the same id")
@blueprint.doc(responses=refusals("not_found", "delivery_not_ended"))
@needs(Permission.ADMINISTER)
def replay(webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> Replied:
    """Send a message once more."""
    delivery = telling.replay(deps(), principal(), webhook_id, delivery_id)
    return accepted(delivery, f"webhooks/{webhook_id}/deliveries", delivery_id, replayed=False)

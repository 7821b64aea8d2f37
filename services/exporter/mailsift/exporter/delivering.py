"""Delivers one message: claims it, sends it, and writes down how that went."""

from __future__ import annotations

import datetime as dt
import secrets
import time
import uuid
from dataclasses import dataclass, field

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mailsift.exporter import metrics
from mailsift.exporter.repository import deliveries
from mailsift.exporter.repository.deliveries import Delivery, Try
from mailsift.exporter.webhooks.judging import Answered, Patience, Standing, judge
from mailsift.exporter.webhooks.sending import Sender
from mailsift.exporter.webhooks.signing import signed_headers
from mailsift.shared.errors import MailsiftError, PermanentError
from mailsift.shared.events import DeliveryStatus
from mailsift.shared.observability import tracing
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.tracing import Kind, Span
from mailsift.shared.outbound.deadline import Deadline
from mailsift.shared.urls import HttpsUrl, parse_url

log = logger(__name__)

# Beyond the time that a try may take: for the database, before and after it.
_MARGIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Courier:
    """What messages are delivered with."""

    sender: Sender = field(default_factory=Sender)
    patience: Patience = field(default_factory=Patience)


def deliver(courier: Courier, engine: Engine, delivery_id: uuid.UUID, attempt: int) -> None:
    """Try once to deliver a message, unless that attempt was taken.

    It never raises for what the other side did. When the database cannot be reached, the message is sent again once its
    lease has run out: at least once, not at most.
    """
    # Before the claim: who is stopped after it, and comes back to a message that is another's, sends nothing.
    deadline, began = Deadline(courier.sender.total_seconds), time.monotonic()
    try:
        with engine.begin() as connection:
            lease = courier.sender.total_seconds + _MARGIN_SECONDS
            delivery = deliveries.claim(connection, delivery_id, attempt, lease)
        if delivery is None:
            metrics.DELIVERIES.labels("not_claimed").inc()
            return
        with _span(delivery, attempt) as span:
            outcome = _outcome(courier.sender, delivery, deadline)
            seconds = time.monotonic() - began
            metrics.DELIVERY_SECONDS.observe(seconds)
            with engine.begin() as connection:
                tried = _judged(courier.patience, delivery, deliveries.hold(connection, delivery), outcome, seconds)
                written = deliveries.end(connection, delivery, tried)
            _tell(delivery, tried, span, written=written)
    except SQLAlchemyError:
        log.warning("delivery_not_followed", delivery_id=str(delivery_id), exc_info=True)


def _span(delivery: Delivery, attempt: int) -> Span:
    return tracing.span(
        "tell webhook",
        Kind.CALL,
        delivery.trace_context,
        delivery_id=str(delivery.delivery_id),
        webhook_event=delivery.standing.event,
        attempt=attempt + 1,
    )


def _judged(
    patience: Patience, delivery: Delivery, standing: Standing, outcome: Answered | MailsiftError, seconds: float
) -> Try:
    now = delivery.attempted_at + dt.timedelta(seconds=seconds)
    verdict = judge(outcome, standing, patience, now, secrets.SystemRandom().random())
    milliseconds = round(seconds * 1000)
    if isinstance(outcome, Answered):
        return Try(verdict, milliseconds, outcome.status, outcome.excerpt)
    return Try(verdict, milliseconds)


def _outcome(sender: Sender, delivery: Delivery, deadline: Deadline) -> Answered | MailsiftError:
    timestamp = int(delivery.attempted_at.timestamp())
    headers = signed_headers(str(delivery.delivery_id), timestamp, delivery.body, delivery.secrets)
    try:
        return sender.post(_url(delivery), headers, delivery.body, deadline)
    except MailsiftError as error:
        return error


def _url(delivery: Delivery) -> HttpsUrl:
    try:
        return parse_url(delivery.url)
    except ValueError as error:
        raise PermanentError("url_not_allowed", f"{error}") from error


def _tell(delivery: Delivery, tried: Try, span: Span, *, written: bool) -> None:
    status = tried.verdict.status
    outcome = "retried" if status is DeliveryStatus.PENDING else status.value
    metrics.DELIVERIES.labels(outcome if written else "lost").inc()
    span.note(outcome=outcome if written else "lost")
    if tried.response_status is not None:
        span.note(status=tried.response_status)
    if tried.verdict.code is not None:
        span.fail(tried.verdict.code)
    log.info(
        "webhook_told",
        delivery_id=str(delivery.delivery_id),
        webhook_id=str(delivery.webhook_id),
        webhook_event=delivery.standing.event,
        outcome=outcome,
        code=tried.verdict.code,
        status=tried.response_status,
        milliseconds=tried.duration_ms,
    )

"""The one place where a Dramatiq broker is built: RabbitMQ, or in-process for the standalone."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import Middleware, Retries

# A half-open connection ends within a minute instead of swallowing publishes.
_WIRE_DEFAULTS = {"heartbeat": "30", "blocked_connection_timeout": "30", "socket_timeout": "10", "stack_timeout": "15"}


def rabbitmq_broker(url: str, *, confirm_delivery: bool = False) -> RabbitmqBroker:
    """Build a broker on RabbitMQ; it connects at first use. With `confirm_delivery`, `enqueue` waits for the server."""
    return RabbitmqBroker(url=_with_defaults(url), confirm_delivery=confirm_delivery, middleware=_middleware())


def in_process_broker() -> dramatiq.Broker:
    """Build a broker whose queues are this process's memory: the rows are the truth, so nothing is lost with it."""
    return StubBroker(middleware=_middleware())


def _middleware() -> list[Middleware]:
    # Dramatiq is transport and threads only. Its own retries are off, and the middleware stays: an error that escapes
    # a handler then goes to the dead-letter queue, where an alert sees it, instead of passing for done.
    return [Retries(max_retries=0)]


def _with_defaults(url: str) -> str:
    parts = urlsplit(url)
    query = {**_WIRE_DEFAULTS, **dict(parse_qsl(parts.query))}
    return urlunsplit(parts._replace(query=urlencode(query)))

"""Who takes hints to the broker, a batch at a time, and says which of them did not get there."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import dramatiq
import pika.exceptions
from dramatiq.errors import DramatiqError

from mailsift.dispatcher.confirming import ConfirmingConnection
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.jobs.catalog import ALL_QUEUES
from mailsift.shared.observability.logs import logger

log = logger(__name__)

_OPEN_SECONDS = 20.0
_CLOSE_SECONDS = 5.0


class Publisher(Protocol):
    """Takes hints to a broker."""

    def send(self, messages: Sequence[dramatiq.Message[None]]) -> set[str]:
        """Send messages, and return the ids of those that the broker may not have."""
        ...

    def close(self) -> None:
        """Let go of the broker; whoever is sending gets an answer."""
        ...


class InProcessPublisher:
    """Puts hints into the memory of this process, which takes them all."""

    def __init__(self, broker: dramatiq.Broker) -> None:
        self._broker = broker
        for queue in ALL_QUEUES:
            broker.declare_queue(queue)

    def send(self, messages: Sequence[dramatiq.Message[None]]) -> set[str]:
        """Put messages into their queues."""
        for message in messages:
            self._broker.enqueue(message)
        return set()

    def close(self) -> None:
        """Close the broker."""
        self._broker.close()


class RabbitMQPublisher:
    """Publishes under confirms, on one connection that is made anew after every trouble."""

    def __init__(self, url: str, *, confirm_seconds: float = 10) -> None:
        self._url = url
        self._confirm_seconds = confirm_seconds
        self._connection: ConfirmingConnection | None = None
        self._closed = False
        self._sending = threading.Lock()
        self._changing = threading.Lock()

    def send(self, messages: Sequence[dramatiq.Message[None]]) -> set[str]:
        """Publish messages and wait, not for long, until RabbitMQ has confirmed them."""
        with self._sending:
            connection = self._connected() if messages else None
            if connection is None:
                return {message.message_id for message in messages}
            return connection.publish(messages, self._confirm_seconds)

    def close(self) -> None:
        """Close the connection for good."""
        with self._changing:
            self._closed = True
            connection = self._connection
        if connection is not None:
            connection.close(_CLOSE_SECONDS)

    def _connected(self) -> ConfirmingConnection | None:
        if self._connection is not None and self._connection.is_open():
            return self._connection
        try:
            connection = ConfirmingConnection(self._declare_queues())
        except (DramatiqError, pika.exceptions.AMQPError, OSError) as error:
            log.warning("queues_not_declared", error=type(error).__name__)
            return None
        with self._changing:
            self._connection = connection
            wanted = not self._closed
        if wanted and connection.is_open(_OPEN_SECONDS):
            return connection
        connection.close()
        return None

    def _declare_queues(self) -> Any:
        """Declare all queues as the workers do, arguments included, and return how to connect."""
        broker = rabbitmq_broker(self._url)
        try:
            for queue in ALL_QUEUES:
                broker.declare_queue(queue, ensure=True)
        finally:
            broker.close()
        return broker.parameters

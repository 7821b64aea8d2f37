"""Sends every message of a virtual host a second time, as soon as RabbitMQ tells of the first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic, BasicProperties

_MARK = "twin"


class Twin:
    """Listens to RabbitMQ's own tracer, so that it does not matter who publishes, and how."""

    def __init__(self, url: str) -> None:
        self.sent = 0
        self._over = threading.Event()
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = self._connection.channel()
        queue = channel.queue_declare("", exclusive=True, arguments={"x-queue-type": "classic"}).method.queue
        channel.queue_bind(queue, "amq.rabbitmq.trace", "publish.#")
        channel.basic_consume(queue, self._repeat, auto_ack=True)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def listening(self) -> Iterator[Twin]:
        self._thread.start()
        yield self
        self._over.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while not self._over.is_set():
            self._connection.process_data_events(0.05)

    def _repeat(self, channel: BlockingChannel, _method: Basic.Deliver, traced: BasicProperties, body: bytes) -> None:
        headers = traced.headers or {}
        if _MARK in headers["properties"].get("headers", {}):
            return
        for queue in headers["routing_keys"]:
            channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2, headers={_MARK: 1}))
            self.sent += 1

"""A connection to RabbitMQ, in a thread of its own, that hands over whole batches and waits once for their confirms."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import dramatiq
import pika
import pika.exceptions

from mailsift.shared.observability.logs import logger

log = logger(__name__)

_PERSISTENT = 2


class Batch:
    """Messages that were handed over together, by the number under which RabbitMQ confirms each."""

    def __init__(self, messages: Sequence[dramatiq.Message[None]], first: int) -> None:
        self._open = {first + place: message.message_id for place, message in enumerate(messages)}
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self._settled = threading.Event()

    def settle(self, number: int, *, multiple: bool, taken: bool) -> None:
        """Note that a message was taken or refused, or all up to this one."""
        with self._lock:
            numbers = [one for one in self._open if one <= number] if multiple else [number]
            # A number that is missing is of an earlier batch, which was given up.
            ids = {self._open.pop(one) for one in numbers if one in self._open}
            if not taken:
                self._refused |= ids
            if not self._open:
                self._settled.set()

    def refuse(self, message_id: str) -> None:
        """Note a message that no queue was there for: RabbitMQ returns it, and then confirms it all the same."""
        with self._lock:
            self._refused.add(message_id)

    def abandon(self) -> None:
        """Expect no more confirms."""
        self._settled.set()

    def unconfirmed(self, seconds: float) -> set[str]:
        """Wait for the confirms, and return the ids of the messages that lack one."""
        self._settled.wait(seconds)
        with self._lock:
            return self._refused | set(self._open.values())


class ConfirmingConnection:
    """Lives until something goes wrong, and is then replaced; for one caller at a time, but for `close`.

    Whatever pika does, it does in the thread that this object starts, heartbeats included.
    """

    def __init__(self, parameters: Any) -> None:
        self._ready = threading.Event()
        self._over = False
        self._blocked = False
        self._numbered = 0
        self._batch = Batch((), 0)
        self._channel: Any = None
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._select_confirms),
            on_open_error_callback=self._ended,
            on_close_callback=self._ended,
        )
        self._connection.add_on_connection_blocked_callback(self._block)
        self._connection.add_on_connection_unblocked_callback(self._unblock)
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def is_open(self, seconds: float = 0) -> bool:
        """Tell whether it can be used, once that is known or so much time has passed."""
        return self._ready.wait(seconds) and not self._over

    def publish(self, messages: Sequence[dramatiq.Message[None]], seconds: float) -> set[str]:
        """Hand messages over, wait for all their confirms at once, and return the ids of those without."""
        if self._blocked:
            # Handed over now, they would lie in the socket and arrive long after they were given up.
            return {message.message_id for message in messages}
        self._batch = batch = Batch(messages, self._numbered + 1)
        self._numbered += len(messages)
        self._connection.ioloop.add_callback_threadsafe(partial(self._hand_over, messages))
        if self._over:
            batch.abandon()
        unconfirmed = batch.unconfirmed(seconds)
        # A blocked connection will be of use again; pika ends it if that takes too long.
        if unconfirmed and not self._blocked:
            self.close()
        return unconfirmed

    def close(self, seconds: float = 0) -> None:
        """Let go, and wait so long for RabbitMQ to agree. Should it be silent, missing heartbeats end the thread."""
        self._fail()
        self._connection.ioloop.add_callback_threadsafe(self._let_go)
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._connection.ioloop.start()
        except Exception:
            log.exception("publisher_failed")
        finally:
            self._fail()
            self._connection.ioloop.close()

    def _select_confirms(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda *_: self._let_go())
        channel.add_on_return_callback(lambda _c, _m, properties, _b: self._batch.refuse(properties.message_id))
        channel.confirm_delivery(self._settle, lambda _frame: self._ready.set())

    def _hand_over(self, messages: Sequence[dramatiq.Message[None]]) -> None:
        try:
            for message in messages:
                properties = pika.BasicProperties(delivery_mode=_PERSISTENT, message_id=message.message_id)
                self._channel.basic_publish("", message.queue_name, message.encode(), properties, mandatory=True)
        except pika.exceptions.AMQPError:
            self._let_go()

    def _settle(self, frame: Any) -> None:
        taken = isinstance(frame.method, pika.spec.Basic.Ack)
        self._batch.settle(frame.method.delivery_tag, multiple=frame.method.multiple, taken=taken)

    def _block(self, *_: Any) -> None:
        log.warning("publisher_blocked")
        self._blocked = True
        self._batch.abandon()

    def _unblock(self, *_: Any) -> None:
        self._blocked = False

    def _let_go(self) -> None:
        self._fail()
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _ended(self, _connection: Any, reason: object) -> None:
        log.info("publisher_disconnected", reason=str(reason))
        self._fail()
        self._connection.ioloop.stop()

    def _fail(self) -> None:
        self._over = True
        self._ready.set()
        self._batch.abandon()

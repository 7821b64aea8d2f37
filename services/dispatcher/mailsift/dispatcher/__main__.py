"""Entry point of the dispatcher: `python -m mailsift.dispatcher`."""

from __future__ import annotations

import signal
import threading

from mailsift.dispatcher.config import DispatcherSettings
from mailsift.dispatcher.dispatcher import Dispatcher
from mailsift.dispatcher.publisher import RabbitMQPublisher
from mailsift.shared.observability.health import HealthServer
from mailsift.shared.observability.logs import configure_logs
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.observability.tracing import configure_tracing, stop_tracing
from mailsift.shared.settings import load_or_exit


def main() -> None:
    """Dispatch until SIGTERM or SIGINT."""
    settings = load_or_exit(DispatcherSettings)
    configure_logs("dispatcher", settings.log_level)
    configure_tracing("dispatcher", settings)
    dispatcher = Dispatcher(settings, RabbitMQPublisher(settings.rabbitmq_url))
    dispatcher.stand_by()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    health = HealthServer(
        settings.health_host,
        settings.health_port,
        REGISTRY,
        live=lambda: dispatcher.live,
        fault=lambda: dispatcher.fault,
    )
    dispatcher.start()
    health.start()
    stop.wait()
    dispatcher.stop()
    health.stop()
    stop_tracing()


if __name__ == "__main__":
    main()

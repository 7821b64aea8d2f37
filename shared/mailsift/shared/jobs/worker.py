"""Wires the engine for one worker process: from settings to a runner and the middleware that keeps it alive."""

from __future__ import annotations

from collections.abc import Callable

import dramatiq
from sqlalchemy import Engine

from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.db.schema import stand_by
from mailsift.shared.db.session import make_engine
from mailsift.shared.jobs.actors import WorkerLife
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.observability.logs import configure_logs
from mailsift.shared.observability.tracing import configure_tracing, stop_tracing
from mailsift.shared.settings import WorkerSettings


class JobWorker:
    """The engine of one process: `runner` for its actors, `life` for its broker."""

    def __init__(self, settings: WorkerSettings, service: str, *, serve_health: bool = True) -> None:
        # One for each running job, one for what is done for all of them.
        self.engine: Engine = make_engine(
            settings.database_url,
            f"mailsift-{service}",
            pool_size=settings.worker_threads + 1,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            # A process that is stopped holds no row longer than its jobs.
            idle_in_transaction_seconds=settings.lease_seconds,
        )
        heartbeat = Heartbeat(
            self.engine,
            lease_seconds=settings.lease_seconds,
            heartbeat_seconds=settings.heartbeat_seconds,
            progress_seconds=settings.progress_seconds,
        )
        schedule = Schedule(settings.retry_base_seconds, settings.retry_cap_seconds, settings.retry_jitter_seconds)
        announcer = Announcer(self.engine, settings.lease_seconds)
        self.runner = JobRunner(self.engine, heartbeat, announcer, settings.lease_seconds, schedule)
        address = (settings.health_host, settings.health_port) if serve_health else None
        self.life = WorkerLife(self.runner, heartbeat, announcer, health=address, close=self._close)

    def _close(self) -> None:
        self.engine.dispose()
        stop_tracing()


def become_worker(
    service: str, settings: WorkerSettings, declare_actors: Callable[[dramatiq.Broker, JobRunner], None]
) -> None:
    """Make this process a worker of `service` on RabbitMQ, as Dramatiq's command line expects it.

    Comes back when the database is as this release needs it.
    """
    configure_logs(service, settings.log_level)
    configure_tracing(service, settings)
    worker = JobWorker(settings, service)
    stand_by(worker.engine, (settings.health_host, settings.health_port))
    broker = rabbitmq_broker(settings.rabbitmq_url)
    broker.add_middleware(worker.life)
    declare_actors(broker, worker.runner)
    dramatiq.set_broker(broker)

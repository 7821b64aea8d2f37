"""Actors for jobs: what a message names, and the life of the worker process around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware

from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.catalog import ROUTES, JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.runner import Handler, JobRunner
from mailsift.shared.observability.health import HealthServer
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.metrics import REGISTRY

log = logger(__name__)


def declare_actor(broker: dramatiq.Broker, runner: JobRunner, job_type: JobType, handler: Handler) -> None:
    """Let messages for `job_type` run `handler`, on the queue of that type."""
    runner.prepare(job_type)

    @dramatiq.actor(broker=broker, actor_name=job_type.value, queue_name=ROUTES[job_type].queue)
    def run(job_id: str, attempt: int) -> None:
        runner.run(job_id, attempt, handler)


class WorkerLife(Middleware):
    """Starts and stops what a worker process needs beside its threads.

    On SIGTERM Dramatiq lets running messages end: handlers see `stopping` at their next safe place and hand back.
    """

    def __init__(
        self,
        runner: JobRunner,
        heartbeat: Heartbeat,
        announcer: Announcer,
        *,
        health: tuple[str, int] | None,
        close: Callable[[], None],
    ) -> None:
        self._runner = runner
        self._heartbeat = heartbeat
        self._announcer = announcer
        self._address = health
        self._close = close
        self._health: HealthServer | None = None

    def before_worker_boot(self, _broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Prefetch no more than the threads can run: a waiting message would delay a more urgent one."""
        worker.queue_prefetch = worker.worker_threads
        self._heartbeat.start()
        self._announcer.start()

    def after_worker_boot(self, _broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Answer probes from now on."""
        if self._address is not None:
            self._health = HealthServer(
                *self._address,
                REGISTRY,
                live=lambda: (
                    self._heartbeat.alive
                    and self._announcer.alive
                    and self._runner.responsive
                    and all(thread.is_alive() for thread in worker.workers)
                ),
                fault=lambda: _broker_fault(worker),
            )
            self._health.start()
        log.info("worker_started", queues=sorted(worker.consumers), threads=worker.worker_threads)

    def before_worker_shutdown(self, _broker: dramatiq.Broker, _worker: dramatiq.Worker) -> None:
        """Ask running handlers to stop at their next safe place."""
        self._runner.stopping.set()

    def after_worker_shutdown(self, _broker: dramatiq.Broker, _worker: dramatiq.Worker) -> None:
        """Let everything go."""
        self._heartbeat.stop()
        self._announcer.stop()
        if self._health is not None:
            self._health.stop()
        self._close()


def _broker_fault(worker: dramatiq.Worker) -> str | None:
    if all(_consumes(thread.consumer) for thread in worker.consumers.values()):
        return None
    return "RabbitMQ gives no messages"


def _consumes(consumer: Any) -> bool:
    # Dramatiq keeps a consumer whose connection is gone, until it has made another.
    connection = getattr(consumer, "connection", None)
    return consumer is not None and (connection is None or connection.is_open)

"""Wires the engine for one worker process: from settings to a runner and the middleware that keeps it alive."""

from __future__ import annotations

from sqlalchemy import Engine

from mailsift.shared.db.session import make_engine
from mailsift.shared.jobs.actors import WorkerLife
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.settings import Settings


class JobWorker:
    """The engine of one process: `runner` for its actors, `life` for its broker."""

    def __init__(self, settings: Settings, service: str, threads: int, *, serve_health: bool = True) -> None:
        # A running job holds one connection; its end may need another; the heartbeat has its own.
        self.engine: Engine = make_engine(
            settings.database_url,
            f"mailsift-{service}",
            pool_size=2 * threads + 1,
            statement_timeout_seconds=settings.statement_timeout_seconds,
        )
        heartbeat = Heartbeat(
            self.engine,
            lease_seconds=settings.lease_seconds,
            heartbeat_seconds=settings.heartbeat_seconds,
            progress_seconds=settings.progress_seconds,
        )
        schedule = Schedule(settings.retry_base_seconds, settings.retry_cap_seconds, settings.retry_jitter_seconds)
        self.runner = JobRunner(self.engine, heartbeat, settings.lease_seconds, schedule)
        address = (settings.health_host, settings.health_port) if serve_health else None
        self.life = WorkerLife(self.runner, heartbeat, health=address, close=self.engine.dispose)

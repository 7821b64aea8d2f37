"""Runs due jobs one after the other on the real handlers: the engine without processes and without a broker."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, text

from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.runner import Handler, JobRunner


class Pump:
    """One worker for all types of job."""

    def __init__(self, engine: Engine, handlers: Mapping[JobType, Handler]) -> None:
        self.engine = engine
        self.handlers = dict(handlers)
        self.heartbeat = Heartbeat(engine, lease_seconds=60, heartbeat_seconds=20, progress_seconds=60)
        self.runner = JobRunner(engine, self.heartbeat, Announcer(engine), 60, Schedule(base=60, cap=3600, jitter=0))

    def run(self, rounds: int = 100) -> int:
        """Run whatever is due until nothing is; returns how many attempts there were."""
        attempts = 0
        for _ in range(rounds):
            due = self._due()
            if not due:
                return attempts
            for job_id, attempt, job_type in due:
                self.runner.run(job_id, attempt, self.handlers[JobType(job_type)])
                attempts += 1
        raise AssertionError("jobs come back for ever")

    def _due(self) -> list[tuple[str, int, str]]:
        with self.engine.begin() as connection:
            rows = connection.execute(
                text("""
                SELECT "jobId"::text, attempt, "jobType" FROM "jobQueue"
                WHERE status = 'pending' AND "dueAt" <= clock_timestamp() ORDER BY "createdAt" """)
            )
            return [(row[0], row[1], row[2]) for row in rows]

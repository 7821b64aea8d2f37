"""Jobs for an operator to look at: exports and analyses of a tenant, run by the engine, some of them to death."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, text

from engines import Engines, done, fail
from factories import Tenant, enqueue, make_analysis, make_export, make_upload
from mailsift.shared.errors import TransientError
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Child, NewJob, Subject
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.jobs.repository.claiming import Waiting

EXPORTS = "exporter.files"


class Floor:
    """Where jobs of one tenant are worked on."""

    def __init__(self, owner: Engine, worker: Engine, dispatcher: Engine, api: Engine, tenant: Tenant) -> None:
        self.owner, self.dispatcher, self.tenant = owner, dispatcher, tenant
        # Every call names its job.
        self.engines = Engines(worker, dispatcher, api, tenant, uuid.UUID(int=0))

    def upload(self) -> uuid.UUID:
        with self.owner.begin() as connection:
            subject = Subject(upload_id=make_upload(connection, self.tenant))
            return enqueue(connection, self.tenant, JobType.FILE_PROCESSING, subject)

    def analysis(self) -> uuid.UUID:
        with self.owner.begin() as connection:
            subject = Subject(analysis_id=make_analysis(connection, self.tenant, None))
            return enqueue(connection, self.tenant, JobType.ADVANCED_ANALYSIS, subject)

    def export(self, after: uuid.UUID | None = None) -> uuid.UUID:
        with self.owner.begin() as connection:
            export_id = make_export(connection, self.tenant, make_analysis(connection, self.tenant, None))
            workspace_id, user_id, subject = self.tenant.workspace_id, self.tenant.user_id, Subject(export_id=export_id)
            job = NewJob(JobType.EXPORT, workspace_id, user_id, subject, "trace", after_job_id=after)
            return queueing.enqueue(connection, job)

    def dead_export(self, code: str = "storage_unavailable") -> uuid.UUID:
        return self.die(self.export(), code)

    def split(self, root_id: uuid.UUID, *types: JobType) -> list[uuid.UUID]:
        """Let a root job plan a phase with parts of these types, and wait for them."""
        assert self.run(root_id, plan(types))["openChildren"] == len(types)
        with self.owner.begin() as connection:
            of_root = text('SELECT "jobId" FROM "jobQueue" WHERE "parentJobId" = :id ORDER BY "childKey"')
            return list(connection.scalars(of_root, {"id": root_id}))

    def run(self, job_id: uuid.UUID, handler: Callable[[Lease], None] = done) -> dict[str, Any]:
        return self.engines.run(handler, job_id)

    def die(self, job_id: uuid.UUID, code: str = "storage_unavailable") -> uuid.UUID:
        """Let a job fail for the last time."""
        self.change(job_id, '"retryCount" = "maxRetries"')
        assert self.run(job_id, fail(TransientError(code, f"{code}, once more")))["status"] == "dead_letter"
        return job_id

    def change(self, job_id: uuid.UUID, assignment: str) -> None:
        with self.owner.begin() as connection:
            connection.execute(text(f'UPDATE "jobQueue" SET {assignment} WHERE "jobId" = :id'), {"id": job_id})

    def row(self, job_id: uuid.UUID) -> dict[str, Any]:
        return self.engines.row(job_id)

    def status(self, job_id: uuid.UUID) -> str:
        return str(self.row(job_id)["status"])

    def causes(self, job_id: uuid.UUID) -> list[tuple[str, str]]:
        with self.owner.begin() as connection:
            events = text('SELECT status, cause FROM "jobEvents" WHERE "jobId" = :id ORDER BY "jobEventId"')
            return [(row[0], row[1]) for row in connection.execute(events, {"id": job_id})]


def plan(types: Sequence[JobType]) -> Callable[[Lease], None]:
    def handler(lease: Lease) -> None:
        children = [Child(job_type, f"part-{number}", {}, 10) for number, job_type in enumerate(types)]
        with lease.transaction() as transaction:
            transaction.wait_for(children, Waiting("parts", 50, 100, 10 * len(types), {"phase": "finish"}))

    return handler

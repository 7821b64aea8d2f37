"""What the tables say of all jobs at one moment."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, RowMapping, text

from mailsift.shared.jobs.states import ENDED, JobStatus

_JOBS = text("""
    SELECT j."jobId" AS job_id, concat_ws('/', j."traceId", j."childKey") AS name, j."parentJobId" AS parent_id,
        j."afterJobId" AS after_id, j.queue, j.status, j.attempt, j."retryCount" AS retry_count,
        j."maxRetries" AS max_retries, j."leaseToken" AS token, j.progress, j."openChildren" AS open_children,
        j."failedChildren" AS failed_children, j."failsParent" AS fails_parent,
        j."cancelRequestedAt" IS NOT NULL AS cancelling, j."dispatchedAt" IS NOT NULL AS sent,
        j."completedAt" IS NOT NULL AS has_end, j."deletedAt" IS NOT NULL AS deleted,
        coalesce(j."dueAt" < j."scheduledFor", false) AS early, j."dueAt" = 'infinity' AS held_back,
        j."errorCode" AS error_code,
        j.status = 'pending' AND greatest(j."dueAt", j."scheduledFor") <= clock_timestamp() AS due,
        coalesce(j."leaseUntil" < clock_timestamp(), false)
            OR j."leaseToken" IS NOT NULL
            AND j."attemptStartedAt" + make_interval(secs => j."maxRuntimeSeconds") < clock_timestamp() AS over,
        coalesce(u.status, a.status, e.status) AS subject,
        (SELECT count(*) FROM results r WHERE r."jobId" = j."jobId") AS results,
        (SELECT array_agg(ARRAY[e.status, e.cause] ORDER BY "jobEventId") FROM "jobEvents" e
            WHERE e."jobId" = j."jobId") AS history
    FROM "jobQueue" j
    LEFT JOIN uploads u ON u."uploadId" = j."uploadId"
    LEFT JOIN analyses a ON a."analysisId" = j."analysisId"
    LEFT JOIN exports e ON e."exportId" = j."exportId"
    ORDER BY name""")

_EVERYTHING = text("""
    SELECT md5(string_agg(line, '' ORDER BY line)) FROM (
        SELECT j::text AS line FROM "jobQueue" j UNION ALL SELECT e::text FROM "jobEvents" e
        UNION ALL SELECT u::text FROM uploads u UNION ALL SELECT a::text FROM analyses a
        UNION ALL SELECT x::text FROM exports x UNION ALL SELECT r::text FROM results r
        UNION ALL SELECT l::text FROM "jobLogs" l) AS lines""")


@dataclass(frozen=True, slots=True)
class Event:
    status: JobStatus
    cause: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job, its subject's state and how many results its attempts left."""

    job_id: uuid.UUID
    # The root's number, and for a part its key.
    name: str
    parent_id: uuid.UUID | None
    after_id: uuid.UUID | None
    queue: str
    status: JobStatus
    attempt: int
    retry_count: int
    max_retries: int
    token: uuid.UUID | None
    progress: int
    open_children: int
    failed_children: int
    fails_parent: bool
    cancelling: bool
    sent: bool
    has_end: bool
    # Due before the hour that its user named.
    early: bool
    deleted: bool
    # Until the job that it follows has ended.
    held_back: bool
    error_code: str | None
    due: bool
    # The time of the lease or of the run.
    over: bool
    subject: str
    results: int
    history: Sequence[Event]

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def waiting(self) -> bool:
        """For its children: at work without a worker."""
        return self.status is JobStatus.PROCESSING and self.token is None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All jobs by id, in the order of their names."""

    jobs: Mapping[uuid.UUID, JobRow] = field(default_factory=dict)

    def children(self, job: JobRow) -> list[JobRow]:
        return self.where(lambda other: other.parent_id == job.job_id)

    def predecessor(self, job: JobRow) -> JobRow | None:
        return None if job.after_id is None else self.jobs[job.after_id]

    def where(self, wanted: Callable[[JobRow], bool]) -> list[JobRow]:
        return list(filter(wanted, self.jobs.values()))

    def followers(self, job: JobRow) -> list[JobRow]:
        return self.where(lambda other: other.after_id == job.job_id)

    @property
    def roots(self) -> list[JobRow]:
        return self.where(lambda job: job.parent_id is None)


def look(connection: Connection) -> Snapshot:
    """Read all jobs."""
    return Snapshot({row["job_id"]: _job(row) for row in connection.execute(_JOBS).mappings()})


def _job(row: RowMapping) -> JobRow:
    history = [Event(JobStatus(status), cause) for status, cause in row["history"] or ()]
    return JobRow(**{**row, "status": JobStatus(row["status"]), "history": history})


def fingerprint(connection: Connection) -> str | None:
    """Change with any change of any row that a job may write."""
    digest: str | None = connection.scalar(_EVERYTHING)
    return digest

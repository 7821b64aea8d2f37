"""The queue: jobs, what each attempt said, every change of state, and the queues that an operator stopped."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Computed, DateTime, ForeignKey, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.analyses import Analysis
from mailsift.shared.db.tables.columns import Big, Count, Id, Json, Key, Now, Number, Small, Time, Words
from mailsift.shared.db.tables.exports import Export
from mailsift.shared.db.tables.people import UserProfile, Workspace
from mailsift.shared.db.tables.uploads import Upload


class Job(Base):
    """One piece of background work. Only shared/jobs/repository writes this table."""

    __tablename__ = "jobQueue"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'failed', 'dead_letter', 'cancelled')", name="status"
        ),
        CheckConstraint('num_nonnulls("uploadId", "analysisId", "exportId") = 1', name="one_fk"),
        CheckConstraint("priority BETWEEN 0 AND 10", name="priority"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint('"openChildren" >= 0', name="open_children"),
        Index(
            "ix_jobQueue_due",
            "queue",
            "workspace_id",
            "turn_at",
            postgresql_where=text("""status = 'pending' AND "dispatchedAt" IS NULL"""),
        ),
        Index("ix_jobQueue_in_flight", "workspace_id", "queue", postgresql_where=text('"dispatchedAt" IS NOT NULL')),
        Index(
            "ix_jobQueue_cancelling",
            "job_id",
            postgresql_where=text("""status = 'processing' AND "cancelRequestedAt" IS NOT NULL"""),
        ),
        Index("ix_jobQueue_leases", "lease_until", postgresql_where=text("status = 'processing'")),
        Index(
            "ix_jobQueue_suspects",
            "queue",
            "turn_at",
            postgresql_where=text(
                """"errorCode" = 'worker_lost' AND "retryCount" >= 2 AND status IN ('pending', 'processing')"""
            ),
        ),
        Index(
            "ix_jobQueue_waiting",
            "job_id",
            postgresql_where=text("""status = 'processing' AND "leaseToken" IS NULL"""),
        ),
        Index("ix_jobQueue_dead", "completed_at", postgresql_where=text("status = 'dead_letter'")),
        Index(
            "ix_jobQueue_ended",
            "completed_at",
            postgresql_where=text('"parentJobId" IS NULL AND "completedAt" IS NOT NULL'),
        ),
        Index("ix_jobQueue_deleted", "deleted_at", postgresql_where=text('"deletedAt" IS NOT NULL')),
        # A job has one of three subjects, and seldom a parent or a predecessor.
        Index("ix_jobQueue_uploadId", "upload_id", postgresql_where=text('"uploadId" IS NOT NULL')),
        Index("ix_jobQueue_analysisId", "analysis_id", postgresql_where=text('"analysisId" IS NOT NULL')),
        Index("ix_jobQueue_exportId", "export_id", postgresql_where=text('"exportId" IS NOT NULL')),
        Index("ix_jobQueue_afterJobId", "after_job_id", postgresql_where=text('"afterJobId" IS NOT NULL')),
        Index(
            "ix_jobQueue_parent_child",
            "parent_job_id",
            "child_key",
            unique=True,
            postgresql_where=text('"parentJobId" IS NOT NULL'),
        ),
        Index("ix_jobQueue_lease_token", "lease_token", postgresql_where=text('"leaseToken" IS NOT NULL')),
        Index(None, "workspace_id", text('"createdAt" DESC')),
        # Of whole jobs, those in a state: to be listed and counted, and by when they ended.
        Index(
            "ix_jobQueue_listed",
            "workspace_id",
            "status",
            text('"createdAt" DESC'),
            postgresql_where=text('"parentJobId" IS NULL AND "deletedAt" IS NULL'),
        ),
        Index(
            "ix_jobQueue_of_type",
            "workspace_id",
            "job_type",
            text('"createdAt" DESC'),
            postgresql_where=text('"parentJobId" IS NULL AND "deletedAt" IS NULL'),
        ),
        Index(
            "ix_jobQueue_finished",
            "workspace_id",
            "status",
            text('"completedAt" DESC'),
            postgresql_where=text('"parentJobId" IS NULL AND "completedAt" IS NOT NULL'),
        ),
        Index(
            "ix_jobQueue_requested",
            "workspace_id",
            "requested_as",
            text('"createdAt" DESC'),
            postgresql_where=text('"requestedAs" IS NOT NULL'),
        ),
        Index(
            "ix_jobQueue_deadlines",
            "deadline_at",
            postgresql_where=text('"deadlineAt" IS NOT NULL AND "completedAt" IS NULL'),
        ),
        {"postgresql_with": {"fillfactor": "70", "autovacuum_vacuum_scale_factor": "0.02"}},
    )

    job_id: Mapped[Key] = mapped_column(server_default=text("gen_random_uuid()"))
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    upload_id: Mapped[Id | None] = mapped_column(ForeignKey(Upload.upload_id, ondelete="CASCADE"))
    analysis_id: Mapped[Id | None] = mapped_column(ForeignKey(Analysis.analysis_id, ondelete="CASCADE"))
    export_id: Mapped[Id | None] = mapped_column(ForeignKey(Export.export_id, ondelete="CASCADE"))
    parent_job_id: Mapped[Id | None] = mapped_column(ForeignKey("jobQueue.job_id", ondelete="CASCADE"))
    # The job that must have completed before this one may begin.
    after_job_id: Mapped[Id | None] = mapped_column(ForeignKey("jobQueue.job_id", ondelete="SET NULL"))
    # Whether jobs wait, or waited, for this one.
    has_followers: Mapped[bool] = mapped_column(server_default=text("false"))
    # Unique below one parent, so that a phase is never planned twice.
    child_key: Mapped[Words | None]
    job_type: Mapped[Words]
    # The word by which it was asked for, where that is no type of ours.
    requested_as: Mapped[Words | None]
    queue: Mapped[Words]
    payload: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    priority: Mapped[Number] = mapped_column(server_default=text("0"))
    trace_id: Mapped[Words]
    # The span in which it was asked for, as a W3C traceparent, where traces are told.
    trace_context: Mapped[Words | None]

    progress: Mapped[Number] = mapped_column(server_default=text("0"))
    current_step: Mapped[Words | None]
    # A step's progress runs from progressFrom to progressTo per cent of the whole job.
    progress_from: Mapped[Small] = mapped_column(server_default=text("0"))
    progress_to: Mapped[Small] = mapped_column(server_default=text("100"))
    processed_items: Mapped[Count]
    total_items: Mapped[Big | None]
    step_started_at: Mapped[Time | None]
    # What was done already when this attempt took the step up: its rate is measured from there.
    step_started_items: Mapped[Count]
    checkpoint: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error_code: Mapped[Words | None]
    error_message: Mapped[Words | None]

    # `attempt` counts claims and is what messages carry; `retryCount` counts failures and reaped leases.
    attempt: Mapped[Number] = mapped_column(server_default=text("0"))
    retry_count: Mapped[Number] = mapped_column(server_default=text("0"))
    max_retries: Mapped[Number] = mapped_column(server_default=text("3"))
    retry_after: Mapped[Time | None]
    max_runtime_seconds: Mapped[Number] = mapped_column(server_default=text("900"))
    cancel_requested_at: Mapped[Time | None]
    open_children: Mapped[Number] = mapped_column(server_default=text("0"))
    failed_children: Mapped[Number] = mapped_column(server_default=text("0"))
    # Whether this job's final failure fails its parent.
    fails_parent: Mapped[bool] = mapped_column(server_default=text("true"))

    # What the user asked for.
    scheduled_for: Mapped[Time | None]
    # Who asked waits no longer: a job that has not ended by then is cancelled.
    deadline_at: Mapped[Time | None]
    # When the job may be sent, which moves with every retry and is `infinity` while it waits for another; when it was.
    due_at: Mapped[Now]
    # The order in which jobs are sent: by due time, where a point of priority is worth a minute of waiting. So the more
    # urgent job goes first and none waits for ever, and an index can hold it: it stands still while a job waits.
    turn_at: Mapped[dt.datetime] = mapped_column(
        DateTime,
        Computed(
            """("dueAt" AT TIME ZONE 'UTC'::text) - ((priority)::double precision * '00:01:00'::interval)""",
            persisted=True,
        ),
    )
    dispatched_at: Mapped[Time | None]
    dispatch_token: Mapped[Id | None]

    lease_token: Mapped[Id | None]
    lease_until: Mapped[Time | None]
    # The connection that writes for the lease: the reaper ends it before it frees the lease.
    backend_pid: Mapped[Number | None]
    backend_start: Mapped[Time | None]
    worker_id: Mapped[Words | None] = mapped_column(server_default=text("'system'"))
    started_at: Mapped[Time | None]
    attempt_started_at: Mapped[Time | None]
    heartbeat_at: Mapped[Time | None]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    completed_at: Mapped[Time | None]
    # The user wants to see it no more; retention takes it away.
    deleted_at: Mapped[Time | None]


class JobLog(Base):
    """One line that an attempt wrote for people to read."""

    __tablename__ = "jobLogs"
    __table_args__ = (Index(None, "job_id", "job_log_id"),)

    job_log_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[Id] = mapped_column(ForeignKey(Job.job_id, ondelete="CASCADE"))
    attempt: Mapped[Number]
    level: Mapped[Words]
    message: Mapped[Words]
    # `metadata` is taken in declarative classes.
    details: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))
    created_at: Mapped[Now]


class JobEvent(Base):
    """One change of a job's state, with its cause."""

    __tablename__ = "jobEvents"
    __table_args__ = (Index(None, "job_id", "job_event_id"),)

    job_event_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[Id] = mapped_column(ForeignKey(Job.job_id, ondelete="CASCADE"))
    attempt: Mapped[Number]
    status: Mapped[Words]
    cause: Mapped[Words]
    worker_id: Mapped[Words | None]
    created_at: Mapped[Now]


class PausedQueue(Base):
    """A queue whose jobs an operator holds back: none is sent, and none begins."""

    __tablename__ = "pausedQueues"

    queue: Mapped[Words] = mapped_column(primary_key=True)
    reason: Mapped[Words | None]
    paused_at: Mapped[Now]

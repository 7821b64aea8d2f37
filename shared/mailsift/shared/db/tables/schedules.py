"""What is to be done again and again, and each time that it was."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.analyses import Analysis
from mailsift.shared.db.tables.columns import Id, Json, Key, Now, Time, Words
from mailsift.shared.db.tables.jobs import Job
from mailsift.shared.db.tables.people import UserProfile, Workspace
from mailsift.shared.db.tables.uploads import Upload


class Schedule(Base):
    """A list to be analysed whenever a cron expression says so."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("\"analysisType\" IN ('bulk', 'advanced')", name="analysis_type"),
        Index(None, "workspace_id", "name", unique=True),
        Index("ix_schedules_next", "next_due_at", postgresql_where=text("enabled")),
    )

    schedule_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    name: Mapped[Words]
    cron: Mapped[Words]
    timezone: Mapped[Words] = mapped_column(server_default=text("'UTC'"))
    upload_id: Mapped[Id] = mapped_column(ForeignKey(Upload.upload_id, ondelete="CASCADE"), index=True)
    analysis_type: Mapped[Words] = mapped_column(server_default=text("'advanced'"))
    # The file that each analysis is to end in; none if the answers are enough.
    file_type: Mapped[Words | None]
    # What was said of that file besides, as in exports.
    options: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    writing: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    next_due_at: Mapped[Time | None]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class ScheduleRun(Base):
    """One time that a schedule came due. Its key is what keeps two dispatchers from firing it twice."""

    __tablename__ = "scheduleRuns"

    schedule_id: Mapped[Key] = mapped_column(ForeignKey(Schedule.schedule_id, ondelete="CASCADE"))
    due_at: Mapped[Time] = mapped_column(primary_key=True)
    job_id: Mapped[Id | None] = mapped_column(ForeignKey(Job.job_id, ondelete="SET NULL"), index=True)
    analysis_id: Mapped[Id | None] = mapped_column(ForeignKey(Analysis.analysis_id, ondelete="SET NULL"), index=True)
    # Why nothing was begun.
    error_code: Mapped[Words | None]
    created_at: Mapped[Now]

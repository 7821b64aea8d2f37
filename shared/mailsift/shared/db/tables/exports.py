"""Files with the answers, made for the user to take away."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.analyses import Analysis
from mailsift.shared.db.tables.columns import Big, Count, Id, Json, Key, Now, Time, Words
from mailsift.shared.db.tables.people import UserProfile, Workspace


class Export(Base):
    """One file: where it lies, how to check it, and until when it can be had."""

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'expired')", name="status"
        ),
        Index(None, "workspace_id", text('"createdAt" DESC')),
        Index("ix_exports_expiring", "expires_at", postgresql_where=text("status = 'completed'")),
        Index("ix_exports_over", "completed_at", postgresql_where=text("status IN ('failed', 'cancelled', 'expired')")),
    )

    export_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    analysis_id: Mapped[Id] = mapped_column(ForeignKey(Analysis.analysis_id, ondelete="CASCADE"), index=True)
    file_name: Mapped[Words]
    file_type: Mapped[Words]
    # What was asked for besides: which rows, in which order.
    options: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    # Written while the analysis was still at work.
    partial: Mapped[bool] = mapped_column(server_default=text("false"))
    writing: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    error_code: Mapped[Words | None]
    error_message: Mapped[Words | None]
    file_path: Mapped[Words | None]
    file_size: Mapped[Big | None]
    sha256: Mapped[Words | None]
    content_type: Mapped[Words | None]
    row_count: Mapped[Big | None]
    suppressed_rows: Mapped[Count]
    download_count: Mapped[Count]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    started_at: Mapped[Time | None]
    completed_at: Mapped[Time | None]
    expires_at: Mapped[Time | None]
    # Since when its workspace has been told that the file is about to go.
    expiry_warned_at: Mapped[Time | None]

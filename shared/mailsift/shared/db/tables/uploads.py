"""Uploaded lists, their rows, and the rows that could not be used."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Big, Count, Id, Key, Now, Small, Time, WordList, Words
from mailsift.shared.db.tables.people import UserProfile, Workspace


class Upload(Base):
    """A list as the user gave it: where the file lies, what was understood of it, and how many rows it has."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')", name="status"),
        Index(None, "workspace_id", text('"createdAt" DESC')),
        Index("ix_uploads_files", "completed_at", postgresql_where=text('"fileDeletedAt" IS NULL')),
        Index("ix_uploads_rows", "completed_at", postgresql_where=text('"rowsExpiredAt" IS NULL')),
        Index(
            "ix_uploads_draining",
            "rows_expired_at",
            postgresql_where=text('"rowsExpiredAt" IS NOT NULL AND "rowsDeletedAt" IS NULL'),
        ),
    )

    upload_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    file_name: Mapped[Words]
    upload_type: Mapped[Words] = mapped_column(server_default=text("'bulk'"))
    file_size: Mapped[Big]
    sha256: Mapped[Words]
    storage_key: Mapped[Words]
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    error_code: Mapped[Words | None]
    error_message: Mapped[Words | None]

    format: Mapped[Words | None]
    encoding: Mapped[Words | None]
    delimiter: Mapped[Words | None]
    has_header: Mapped[bool | None]
    column_names: Mapped[WordList | None]
    email_column: Mapped[Small | None]

    total_rows: Mapped[Count]
    total_emails: Mapped[Count]
    valid_emails: Mapped[Count]
    duplicate_emails: Mapped[Count]
    rejected_rows: Mapped[Count]
    # The first addresses only, as a preview: the list itself is in "uploadEmails".
    emails: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)

    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    started_at: Mapped[Time | None]
    completed_at: Mapped[Time | None]
    file_deleted_at: Mapped[Time | None]
    # From the first on nothing new is made of the rows; at the second the last of them is gone.
    rows_expired_at: Mapped[Time | None]
    rows_deleted_at: Mapped[Time | None]


class UploadEmail(Base):
    """One data row of a list, its own cells included.

    It has no foreign key: one to uploads makes loading 2.4 times slower. Retention removes orphans.
    """

    __tablename__ = "uploadEmails"
    __table_args__ = ({"postgresql_with": {"autovacuum_vacuum_insert_scale_factor": "0.2"}},)

    upload_id: Mapped[Key]
    sequence_number: Mapped[Big] = mapped_column(primary_key=True)
    row_number: Mapped[Big]
    column_index: Mapped[Small | None]
    email_address: Mapped[Words | None]
    normalized_address: Mapped[Words | None]
    domain: Mapped[Words | None]
    is_valid_format: Mapped[bool]
    format_error: Mapped[Words | None]
    duplicate_of: Mapped[Big | None]
    columns: Mapped[WordList]


class UploadRejectedRow(Base):
    """A row from which no address could be taken, and why; the raw text is cut."""

    __tablename__ = "uploadRejectedRows"

    upload_id: Mapped[Key]
    sequence_number: Mapped[Big] = mapped_column(primary_key=True)
    row_number: Mapped[Big]
    reason: Mapped[Words]
    raw_text: Mapped[Words]

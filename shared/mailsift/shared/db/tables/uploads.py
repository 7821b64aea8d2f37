"""Uploaded lists, their rows, and the rows that could not be used."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Big, Count, Id, Json, Key, Now, NumberList, Small, Time, WordList, Words
from mailsift.shared.db.tables.people import UserProfile, Workspace


class Upload(Base):
    """A list as the user gave it: where the file lies, what was understood of it, and how many rows it has."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint(
            "status IN ('preview', 'pending', 'processing', 'completed', 'failed', 'cancelled')", name="status"
        ),
        CheckConstraint("source IN ('file', 'addresses', 'url', 'object')", name="source"),
        Index(None, "workspace_id", text('"createdAt" DESC')),
        Index("ix_uploads_previews", "created_at", postgresql_where=text("status = 'preview'")),
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
    source: Mapped[Words] = mapped_column(server_default=text("'file'"))
    source_url: Mapped[Words | None]
    # These three are empty until a list from elsewhere has been fetched.
    file_size: Mapped[Big | None]
    sha256: Mapped[Words | None]
    storage_key: Mapped[Words | None]
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    error_code: Mapped[Words | None]
    error_message: Mapped[Words | None]

    # What the user said of the file; the rest is what ingest made of it.
    reading: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    format: Mapped[Words | None]
    encoding: Mapped[Words | None]
    delimiter: Mapped[Words | None]
    has_header: Mapped[bool | None]
    column_names: Mapped[WordList | None]
    # The first of the e-mail columns, and all of them; both count from 0.
    email_column: Mapped[Small | None]
    email_columns: Mapped[NumberList | None]
    detection: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    preview: Mapped[Json | None]

    total_rows: Mapped[Count]
    total_emails: Mapped[Count]
    valid_emails: Mapped[Count]
    duplicate_emails: Mapped[Count]
    suppressed_emails: Mapped[Count]
    rejected_rows: Mapped[Count]
    warnings: Mapped[WordList] = mapped_column(server_default=text("'{}'"))
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
    """One e-mail cell of a data row: a row has as many as the list has e-mail columns, its own cells with the first.

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


class Suppression(Base):
    """An address, or a domain with all below it, that a workspace wants neither analysed nor exported."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint("kind IN ('address', 'domain')", name="kind"),
        UniqueConstraint("workspace_id", "kind", "value"),
        Index(None, "workspace_id", text('"createdAt" DESC'), text('"suppressionId" DESC')),
    )

    suppression_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    kind: Mapped[Words]
    value: Mapped[Words]
    reason: Mapped[Words | None]
    created_at: Mapped[Now]


class UploadRejectedRow(Base):
    """A row from which no address could be taken, and why; the raw text is cut."""

    __tablename__ = "uploadRejectedRows"

    upload_id: Mapped[Key]
    sequence_number: Mapped[Big] = mapped_column(primary_key=True)
    row_number: Mapped[Big]
    reason: Mapped[Words]
    raw_text: Mapped[Words]

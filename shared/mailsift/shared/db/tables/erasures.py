"""Whose data is to be erased, how far that is, and the proof that it was."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Count, Id, Json, Key, Now, Number, Time, WordList, Words
from mailsift.shared.db.tables.people import UserProfile, Workspace


class Erasure(Base):
    """One person's data, erased from a workspace or, without one, from all of them.

    The addresses stand here only until nothing of them is left anywhere else.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'searching', 'waiting', 'completed')", name="status"),
        CheckConstraint("(status = 'completed') = (addresses IS NULL)", name="forgotten"),
        Index(None, "workspace_id", text('"createdAt" DESC')),
        Index("ix_erasures_open", "created_at", postgresql_where=text("status <> 'completed'")),
    )

    erasure_id: Mapped[Key]
    workspace_id: Mapped[Id | None] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id | None] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    addresses: Mapped[WordList | None]
    # More lead to the same mailbox than one erasure takes up.
    more_mailboxes: Mapped[bool] = mapped_column(server_default=text("false"))
    # Whole searches so far; the last one finds nothing.
    searches: Mapped[Number] = mapped_column(server_default=text("0"))
    # Where the present search is, and what it has found.
    place: Mapped[Words | None]
    position: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    found_now: Mapped[Count]
    # What was found and erased, by place; what the last search looked at.
    erased: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    rows_searched: Mapped[Count]
    rows_expected: Mapped[Count]
    files_searched: Mapped[Count]
    # Lists and single analyses in which something was found: what was exported of them goes, too.
    touched: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(UUID(as_uuid=True)), server_default=text("'{}'"))
    # Jobs and uploads that may still write down what they read before.
    waiting_for: Mapped[Count]
    searched_at: Mapped[Time | None]
    lease_token: Mapped[Id | None]
    lease_until: Mapped[Time | None]
    created_at: Mapped[Now]
    completed_at: Mapped[Time | None]

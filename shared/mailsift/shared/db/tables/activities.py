"""What users did, and the answers that a repeated request gets again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Id, Json, Key, Now, Words
from mailsift.shared.db.tables.people import OperatorKey, UserProfile, Workspace


class UserActivity(Base):
    """One line of a workspace's history; no role may change or delete it."""

    __tablename__ = "userActivities"
    __table_args__ = (
        Index(None, "workspace_id", text('"createdAt" DESC')),
        CheckConstraint('num_nonnulls("userId", "operatorKeyId") = 1', name="somebody"),
        CheckConstraint('"workspaceId" IS NOT NULL OR "operatorKeyId" IS NOT NULL', name="somewhere"),
    )

    activity_id: Mapped[Key]
    # What an operator does to all workspaces is in the history of none.
    workspace_id: Mapped[Id | None] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id | None] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    operator_key_id: Mapped[Id | None] = mapped_column(ForeignKey(OperatorKey.operator_key_id), index=True)
    activity_type: Mapped[Words]
    entity_type: Mapped[Words]
    entity_id: Mapped[Id]
    activity_details: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[Now]


class IdempotencyKey(Base):
    """The answer that was given to a request, by the key its client chose."""

    __tablename__ = "idempotencyKeys"

    workspace_id: Mapped[Key] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    key: Mapped[Words] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    response: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Now] = mapped_column(index=True)

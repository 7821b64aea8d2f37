"""People, the tenants they work in, and the keys that programs use."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Id, Key, Now, Number, Time, WordList, Words


class UserProfile(Base):
    """A person."""

    __tablename__ = "userProfiles"

    user_id: Mapped[Key]
    email: Mapped[Words | None] = mapped_column(unique=True)
    created_at: Mapped[Now]


class Workspace(Base):
    """A tenant: whatever belongs to one is invisible to every other."""

    __tablename__ = "workspaces"

    workspace_id: Mapped[Key]
    name: Mapped[Words]
    plan: Mapped[Words] = mapped_column(server_default=text("'free'"))
    created_at: Mapped[Now]
    # What it wants weighed otherwise than the operator, as a ScoringPolicy writes itself down.
    scoring: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    # Whose test keys open it: what is analysed there is made up.
    sandbox_of: Mapped[Id | None] = mapped_column(
        ForeignKey("workspaces.workspace_id", ondelete="CASCADE"), unique=True
    )


class WorkspaceMember(Base):
    """Who may do what in a workspace."""

    __tablename__ = "workspaceMembers"
    __table_args__ = (CheckConstraint("role IN ('owner', 'admin', 'member', 'viewer')", name="role"),)

    workspace_id: Mapped[Key] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Key] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    role: Mapped[Words]
    created_at: Mapped[Now]


class OperatorKey(Base):
    """A key of whoever runs the deployment, outside of all workspaces."""

    __tablename__ = "operatorKeys"

    operator_key_id: Mapped[Key]
    name: Mapped[Words]
    prefix: Mapped[Words]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Now]
    expires_at: Mapped[Time | None]
    last_used_at: Mapped[Time | None]
    revoked_at: Mapped[Time | None]


class ApiKey(Base):
    """A key of a program. Only its SHA-256 is stored; the prefix lets a person recognise it."""

    __tablename__ = "apiKeys"
    __table_args__ = (CheckConstraint("kind IN ('live', 'test')", name="kind"),)

    api_key_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"), index=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    name: Mapped[Words]
    prefix: Mapped[Words]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    # A test key opens the sandbox of its workspace.
    kind: Mapped[Words] = mapped_column(server_default=text("'live'"))
    scopes: Mapped[WordList] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[Now]
    expires_at: Mapped[Time | None]
    last_used_at: Mapped[Time | None]
    revoked_at: Mapped[Time | None]


class GuestToken(Base):
    """What lets a guest ask a few times, in a workspace of the guest's own; it belongs to the one that gave it out."""

    __tablename__ = "guestTokens"
    __table_args__ = (CheckConstraint('"usesLeft" BETWEEN 0 AND uses', name="uses"),)

    guest_token_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"), index=True)
    guest_workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"), unique=True)
    guest_user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    name: Mapped[Words]
    prefix: Mapped[Words]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    uses: Mapped[Number]
    uses_left: Mapped[Number]
    created_at: Mapped[Now]
    expires_at: Mapped[Time] = mapped_column(index=True)
    last_used_at: Mapped[Time | None]
    revoked_at: Mapped[Time | None]

"""How often a workspace may do something: token buckets that all processes share."""

from __future__ import annotations

from sqlalchemy import Double, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Id, Now, Words
from mailsift.shared.db.tables.people import Workspace


class RateLimit(Base):
    """One bucket. `tokens` is what was left at `updatedAt`; below zero is a debt that time pays off."""

    __tablename__ = "rateLimits"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    # Which service, a colon, and the workspace.
    key: Mapped[Words] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"), index=True)
    tokens: Mapped[float] = mapped_column(Double)
    capacity: Mapped[float] = mapped_column(Double)
    refill_per_second: Mapped[float] = mapped_column(Double)
    updated_at: Mapped[Now]
    # What the last taker was told to wait; zero if it got what it wanted.
    wait_seconds: Mapped[float] = mapped_column(Double, server_default=text("0"))
    created_at: Mapped[Now]

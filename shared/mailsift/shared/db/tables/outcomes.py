"""What became of mail."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Key, Now, Small, Time, Words
from mailsift.shared.db.tables.people import Workspace


class OutcomeOfAddress(Base):
    """What became of mail to an address, by the last that its workspace said."""

    __tablename__ = "outcomes"
    __table_args__ = (
        CheckConstraint("outcome IN ('delivered', 'bounced')", name="outcome"),
        Index("ix_outcomes_new", "workspace_id", "normalized_address", postgresql_where=text('"judgedAt" IS NULL')),
    )

    workspace_id: Mapped[Key] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    normalized_address: Mapped[Words] = mapped_column(primary_key=True)
    outcome: Mapped[Words]
    reported_at: Mapped[Now] = mapped_column(index=True)
    # The latest verdict there was, and when its analysis was asked for: null as long as nobody has looked, minus
    # infinity when there was none, and the epoch when there was no time to look through all results.
    deliverability_score: Mapped[Small | None]
    lead_status: Mapped[Words | None]
    judged_at: Mapped[Time | None]

"""What became of mail."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Key, Now, Words
from mailsift.shared.db.tables.people import Workspace


class OutcomeOfAddress(Base):
    """What became of mail to an address, by the last that its workspace said."""

    __tablename__ = "outcomes"
    __table_args__ = (CheckConstraint("outcome IN ('delivered', 'bounced')", name="outcome"),)

    workspace_id: Mapped[Key] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    normalized_address: Mapped[Words] = mapped_column(primary_key=True)
    outcome: Mapped[Words]
    reported_at: Mapped[Now] = mapped_column(index=True)

"""What the database knows of the storage that its files are in."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Count, Id


class StorageSweep(Base):
    """The one row that counts the walks through the storage; the storage has the last one's number."""

    __tablename__ = "storageSweeps"

    deployment_id: Mapped[Id] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    walks: Mapped[Count]

"""What DNS says of a domain, kept for as long as its records allow."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Id, Time, Words


class Domain(Base):
    """The facts of one domain, shared by all lists, and the claim of the job that is looking them up.

    `resolver` names the nameservers that answered: what one set says is nothing to another, because a private zone must
    not colour public verdicts.
    """

    __tablename__ = "domains"
    __table_args__ = ({"postgresql_with": {"fillfactor": "80"}},)

    domain: Mapped[Words] = mapped_column(primary_key=True)
    resolver: Mapped[Words] = mapped_column(primary_key=True)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    checked_at: Mapped[Time | None]
    expires_at: Mapped[Time | None] = mapped_column(index=True)
    claim_token: Mapped[Id | None]
    claimed_until: Mapped[Time | None]

"""What DNS says of a domain, and what is known of an address, kept for as long as records allow."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Id, Json, Time, Words
from mailsift.shared.db.tables.people import Workspace


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


class VerifiedEmail(Base):
    """What was found about one address, for the workspace that asked for it alone.

    Of what is found the verdict is no part: it follows from the lists and the weights of the day.
    """

    __tablename__ = "verifiedEmails"

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"), primary_key=True)
    email_address: Mapped[Words] = mapped_column(primary_key=True)
    resolver: Mapped[Words] = mapped_column(primary_key=True)
    facts: Mapped[Json]
    verified_at: Mapped[Time]
    expires_at: Mapped[Time] = mapped_column(index=True)

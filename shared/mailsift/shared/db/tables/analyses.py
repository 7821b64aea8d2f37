"""Analyses, one summary table per type, and the answer for every address."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Big, Count, Id, Key, Now, Small, Time, WordList, Words
from mailsift.shared.db.tables.people import UserProfile, Workspace
from mailsift.shared.db.tables.uploads import Upload


class Analysis(Base):
    """One run of the rules over a list or an address."""

    __tablename__ = "analyses"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')", name="status"),
        Index(None, "workspace_id", text('"createdAt" DESC')),
        Index("ix_analyses_rows", "completed_at", postgresql_where=text('"rowsExpiredAt" IS NULL')),
        Index(
            "ix_analyses_draining",
            "rows_expired_at",
            postgresql_where=text('"rowsExpiredAt" IS NOT NULL AND "rowsDeletedAt" IS NULL'),
        ),
    )

    analysis_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    upload_id: Mapped[Id | None] = mapped_column(ForeignKey(Upload.upload_id, ondelete="CASCADE"), index=True)
    analysis_type: Mapped[Words]
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    error_code: Mapped[Words | None]
    error_message: Mapped[Words | None]
    # What the user should know of the run as a whole, such as `dns_unreachable`.
    notices: Mapped[WordList] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    started_at: Mapped[Time | None]
    completed_at: Mapped[Time | None]
    # From the first on nothing new is made of the results; at the second the last of them is gone.
    rows_expired_at: Mapped[Time | None]
    rows_deleted_at: Mapped[Time | None]
    # By which policy it judges, whole: it was settled when the analysis was asked for. None is the usual one.
    scoring: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class SingleAnalysis(Base):
    """The summary of an analysis of one address, or of several that were asked about together."""

    __tablename__ = "singleAnalysis"
    __table_args__ = (CheckConstraint('num_nonnulls("emailAddress", "emailAddresses") = 1', name="one_or_several"),)

    analysis_id: Mapped[Key] = mapped_column(ForeignKey(Analysis.analysis_id, ondelete="CASCADE"))
    email_address: Mapped[Words | None]
    email_addresses: Mapped[WordList | None]
    cached_emails: Mapped[Count]
    # The verdict, of one address; those of several are counted where they stand.
    status: Mapped[Words | None]
    lead_status: Mapped[Words | None]
    risk_level: Mapped[Words | None]
    deliverability_score: Mapped[Small | None]
    # What the verdict stands on, as the analyzer found it; of several addresses a list, in their order.
    evidence: Mapped[dict[str, Any] | list[Any] | None] = mapped_column(JSONB)


class ListCounts:
    """Counters of the analysis of a list, raised by each slice in the transaction that writes its rows."""

    analysis_id: Mapped[Key] = mapped_column(ForeignKey(Analysis.analysis_id, ondelete="CASCADE"))
    total_emails: Mapped[Count]
    processed_emails: Mapped[Count]
    total_domains: Mapped[Count]
    cached_domains: Mapped[Count]
    cached_emails: Mapped[Count]

    valid_emails: Mapped[Count]
    risky_emails: Mapped[Count]
    invalid_emails: Mapped[Count]
    unknown_emails: Mapped[Count]

    low_risk_emails: Mapped[Count]
    medium_risk_emails: Mapped[Count]
    high_risk_emails: Mapped[Count]
    unknown_risk_emails: Mapped[Count]

    corporate_emails: Mapped[Count]
    free_emails: Mapped[Count]
    disposable_emails: Mapped[Count]
    relay_emails: Mapped[Count]
    role_based_emails: Mapped[Count]


class BulkAnalysis(ListCounts, Base):
    """The summary of a bulk analysis."""

    __tablename__ = "bulkAnalysis"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)


class AdvancedAnalysis(ListCounts, Base):
    """The summary of an advanced analysis, which tells leads too."""

    __tablename__ = "advancedAnalysis"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    high_quality_leads: Mapped[Count]
    medium_quality_leads: Mapped[Count]
    low_quality_leads: Mapped[Count]
    invalid_leads: Mapped[Count]
    unknown_leads: Mapped[Count]


class DomainAnalysis(Base):
    """The summary of an analysis of one domain, and for a day what was found."""

    __tablename__ = "domainAnalysis"
    __table_args__ = (Index("ix_domainAnalysis_expiring", "expires_at", postgresql_where=text("evidence IS NOT NULL")),)

    analysis_id: Mapped[Key] = mapped_column(ForeignKey(Analysis.analysis_id, ondelete="CASCADE"))
    domain: Mapped[Words]
    status: Mapped[Words | None]
    sub_status: Mapped[Words | None]
    risk_level: Mapped[Words | None]
    deliverability_score: Mapped[Small | None]
    reasons: Mapped[WordList | None]
    score_breakdown: Mapped[list[Any] | None] = mapped_column(JSONB)
    score_version: Mapped[Small | None]
    # Whether any nameserver said anything, and whether it said so before.
    is_real_data: Mapped[bool | None]
    is_cached: Mapped[bool | None]
    # Each with its code and how long it took.
    steps: Mapped[list[Any] | None] = mapped_column(JSONB)
    recommendations: Mapped[list[Any] | None] = mapped_column(JSONB)
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    expires_at: Mapped[Time | None]


class AdvancedEmailResult(Base):
    """The answer for one distinct address: the verdict and the evidence it stands on.

    A bulk analysis leaves out what it does not look at.
    """

    __tablename__ = "advancedEmailResults"

    analysis_id: Mapped[Key]
    sequence_number: Mapped[Big] = mapped_column(primary_key=True)
    email_address: Mapped[Words]
    normalized_address: Mapped[Words]
    # None where it is the normalised one, as most are.
    canonical_address: Mapped[Words | None]
    domain: Mapped[Words | None]
    status: Mapped[Words]
    sub_status: Mapped[Words]
    deliverability_score: Mapped[Small]
    lead_status: Mapped[Words | None]
    risk_level: Mapped[Words]
    is_valid_syntax: Mapped[bool]
    is_corporate: Mapped[bool]
    is_free: Mapped[bool]
    is_disposable: Mapped[bool]
    is_relay: Mapped[bool]
    is_role_based: Mapped[bool]
    domain_exists: Mapped[bool | None]
    accepts_mail: Mapped[bool | None]
    mx_host: Mapped[Words | None]
    provider: Mapped[Words | None]
    spf_pass: Mapped[bool | None]
    dkim_pass: Mapped[bool | None]
    dmarc_pass: Mapped[bool | None]
    dmarc_policy: Mapped[Words | None]
    suggestion: Mapped[Words | None]
    mailbox_checked: Mapped[bool]
    reasons: Mapped[WordList]
    score_breakdown: Mapped[list[Any]] = mapped_column(JSONB)
    score_version: Mapped[Small]

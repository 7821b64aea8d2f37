"""Who is told what happens, the secrets that sign it, and each message on its way."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mailsift.shared.db.base import Base
from mailsift.shared.db.tables.columns import Id, Json, Key, Now, Number, Small, Time, WordList, Words
from mailsift.shared.db.tables.people import UserProfile, Workspace


class Webhook(Base):
    """An address that is told what happens in a workspace."""

    __tablename__ = "webhooks"
    __table_args__ = (Index(None, "workspace_id", text('"createdAt" DESC')),)

    webhook_id: Mapped[Key]
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"))
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserProfile.user_id, ondelete="CASCADE"), index=True)
    url: Mapped[Words]
    description: Mapped[Words | None]
    events: Mapped[WordList]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    # Why it is not, unless its users wanted that.
    disabled_reason: Mapped[Words | None]
    # Since when every try has failed.
    failing_since: Mapped[Time | None]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class WebhookSecret(Base):
    """What signs the messages of a webhook. The API's role writes secrets and cannot read them."""

    __tablename__ = "webhookSecrets"
    __table_args__ = (
        Index("ix_webhookSecrets_current", "webhook_id", unique=True, postgresql_where=text('"expiresAt" IS NULL')),
    )

    webhook_secret_id: Mapped[Key]
    webhook_id: Mapped[Id] = mapped_column(ForeignKey(Webhook.webhook_id, ondelete="CASCADE"), index=True)
    secret: Mapped[Words]
    created_at: Mapped[Now]
    # Set when it is replaced: until then both sign.
    expires_at: Mapped[Time | None]


class WebhookDelivery(Base):
    """One message to one webhook: written with what it tells of, kept as the log of how it went."""

    __tablename__ = "webhookDeliveries"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'delivering', 'delivered', 'failed')", name="status"),
        Index(None, "webhook_id", text('"createdAt" DESC')),
        # What happened once is told once, whoever notices.
        Index(None, "webhook_id", "once", unique=True, postgresql_where=text("once IS NOT NULL")),
        Index(
            "ix_webhookDeliveries_due",
            "webhook_id",
            "due_at",
            postgresql_where=text("""status = 'pending' AND "dispatchedAt" IS NULL"""),
        ),
        Index(
            "ix_webhookDeliveries_in_flight",
            "webhook_id",
            postgresql_where=text("""status IN ('pending', 'delivering') AND "dispatchedAt" IS NOT NULL"""),
        ),
    )

    delivery_id: Mapped[Key]
    webhook_id: Mapped[Id] = mapped_column(ForeignKey(Webhook.webhook_id, ondelete="CASCADE"))
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(Workspace.workspace_id, ondelete="CASCADE"), index=True)
    event: Mapped[Words]
    once: Mapped[Words | None]
    payload: Mapped[Json]
    # That of the job it tells of.
    trace_context: Mapped[Words | None]
    status: Mapped[Words] = mapped_column(server_default=text("'pending'"))
    # Counts claims, and is what hints carry.
    attempt: Mapped[Number] = mapped_column(server_default=text("0"))
    failures: Mapped[Number] = mapped_column(server_default=text("0"))
    # Workers that fell silent over it: what they died of may be the message.
    workers_lost: Mapped[Small] = mapped_column(server_default=text("0"))
    due_at: Mapped[Now]
    # From when on it is tried, for so long.
    queued_at: Mapped[Now]
    dispatched_at: Mapped[Time | None]
    lease_token: Mapped[Id | None]
    lease_until: Mapped[Time | None]
    response_status: Mapped[Number | None]
    response_body: Mapped[Words | None]
    error_code: Mapped[Words | None]
    error_message: Mapped[Words | None]
    duration_ms: Mapped[Number | None]
    created_at: Mapped[Now] = mapped_column(index=True)
    attempted_at: Mapped[Time | None]
    completed_at: Mapped[Time | None]

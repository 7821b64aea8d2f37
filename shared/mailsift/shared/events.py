"""What webhooks are told; pure."""

from __future__ import annotations

from enum import StrEnum


class WebhookEvent(StrEnum):
    """The word in `type` of a message, and in the list of what a webhook wants to hear."""

    UPLOAD_COMPLETED = "upload.completed"
    ANALYSIS_PROGRESS = "analysis.progress"
    """Now and then while an analysis runs."""
    ANALYSIS_COMPLETED = "analysis.completed"
    EXPORT_COMPLETED = "export.completed"
    EXPORT_EXPIRING = "export.expiring"
    """A day before a file is no longer there."""
    JOB_FAILED = "job.failed"
    JOB_DEAD_LETTER = "job.dead_letter"


TEST_EVENT = "webhook.test"
"""Sent when somebody asks for it, and never wanted otherwise."""

TOLD_ONCE = frozenset({WebhookEvent.ANALYSIS_PROGRESS.value, TEST_EVENT})
"""What is not tried again: the next one says more, or somebody is looking."""


class DeliveryStatus(StrEnum):
    """Where a message stands on its way."""

    PENDING = "pending"
    """Waits for its turn, or for its next try."""
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"
    """It is tried no more, unless it is replayed."""


SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, as Standard Webhooks has it

"""All tables, a file per group; importing this package makes the metadata complete."""

from mailsift.shared.db.tables.activities import IdempotencyKey, UserActivity
from mailsift.shared.db.tables.analyses import (
    AdvancedAnalysis,
    AdvancedEmailResult,
    Analysis,
    BulkAnalysis,
    DomainAnalysis,
    SingleAnalysis,
)
from mailsift.shared.db.tables.domains import Domain, VerifiedEmail
from mailsift.shared.db.tables.erasures import Erasure
from mailsift.shared.db.tables.exports import Export
from mailsift.shared.db.tables.jobs import Job, JobEvent, JobLog, PausedQueue
from mailsift.shared.db.tables.limits import RateLimit
from mailsift.shared.db.tables.outcomes import OutcomeOfAddress
from mailsift.shared.db.tables.people import ApiKey, GuestToken, OperatorKey, UserProfile, Workspace, WorkspaceMember
from mailsift.shared.db.tables.schedules import Schedule, ScheduleRun
from mailsift.shared.db.tables.storage import StorageSweep
from mailsift.shared.db.tables.uploads import Suppression, Upload, UploadEmail, UploadRejectedRow
from mailsift.shared.db.tables.webhooks import Webhook, WebhookDelivery, WebhookSecret

__all__ = [
    "AdvancedAnalysis",
    "AdvancedEmailResult",
    "Analysis",
    "ApiKey",
    "BulkAnalysis",
    "Domain",
    "DomainAnalysis",
    "Erasure",
    "Export",
    "GuestToken",
    "IdempotencyKey",
    "Job",
    "JobEvent",
    "JobLog",
    "OperatorKey",
    "OutcomeOfAddress",
    "PausedQueue",
    "RateLimit",
    "Schedule",
    "ScheduleRun",
    "SingleAnalysis",
    "StorageSweep",
    "Suppression",
    "Upload",
    "UploadEmail",
    "UploadRejectedRow",
    "UserActivity",
    "UserProfile",
    "VerifiedEmail",
    "Webhook",
    "WebhookDelivery",
    "WebhookSecret",
    "Workspace",
    "WorkspaceMember",
]

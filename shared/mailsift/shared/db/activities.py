"""Writes the history of a workspace: who did what with which thing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, insert
from uuid_utils.compat import uuid7

from mailsift.shared.db.tables import UserActivity


class Activity(StrEnum):
    """The word in `activityType`."""

    FILE_UPLOAD = "file_upload"
    UPLOAD_STARTED = "upload_started"
    FILE_PROCESSED = "file_processed"
    ANALYSIS_REQUESTED = "analysis_requested"
    ANALYSIS_COMPLETED = "analysis_completed"
    EXPORT_REQUESTED = "export_requested"
    EXPORT_COMPLETED = "export_completed"
    EXPORT_EXPIRING = "export_expiring"
    FILE_DOWNLOADED = "file_downloaded"
    JOB_CANCELLED = "job_cancelled"
    JOB_RETRIED = "job_retried"
    JOB_DELETED = "job_deleted"
    JOBS_CLEANED_UP = "jobs_cleaned_up"
    SCHEDULE_CREATED = "schedule_created"
    SCHEDULE_CHANGED = "schedule_changed"
    SCHEDULE_DELETED = "schedule_deleted"
    SUPPRESSIONS_ADDED = "suppressions_added"
    SUPPRESSIONS_REMOVED = "suppressions_removed"
    SCORING_CHANGED = "scoring_changed"
    OUTCOMES_REPORTED = "outcomes_reported"
    OUTCOMES_FORGOTTEN = "outcomes_forgotten"
    ERASURE_REQUESTED = "erasure_requested"
    ERASURE_COMPLETED = "erasure_completed"
    WORKSPACE_CREATED = "workspace_created"
    WORKSPACE_CHANGED = "workspace_changed"
    MEMBER_ADDED = "member_added"
    MEMBER_CHANGED = "member_changed"
    MEMBER_REMOVED = "member_removed"
    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    KEY_REVOKED = "key_revoked"
    GUEST_ADMITTED = "guest_admitted"
    GUEST_DISMISSED = "guest_dismissed"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_DELETED = "webhook_deleted"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105 - a word, and no secret
    WEBHOOK_DISABLED = "webhook_disabled"


_ENTITY_TYPES = {
    Activity.FILE_UPLOAD: "upload",
    Activity.UPLOAD_STARTED: "upload",
    Activity.FILE_PROCESSED: "upload",
    Activity.ANALYSIS_REQUESTED: "analysis",
    Activity.ANALYSIS_COMPLETED: "analysis",
    Activity.EXPORT_REQUESTED: "export",
    Activity.EXPORT_COMPLETED: "export",
    Activity.EXPORT_EXPIRING: "export",
    Activity.FILE_DOWNLOADED: "export",
    Activity.JOB_CANCELLED: "job",
    Activity.JOB_RETRIED: "job",
    Activity.JOB_DELETED: "job",
    Activity.JOBS_CLEANED_UP: "workspace",
    Activity.SCHEDULE_CREATED: "schedule",
    Activity.SCHEDULE_CHANGED: "schedule",
    Activity.SCHEDULE_DELETED: "schedule",
    Activity.SUPPRESSIONS_ADDED: "workspace",
    Activity.SUPPRESSIONS_REMOVED: "workspace",
    Activity.SCORING_CHANGED: "workspace",
    Activity.OUTCOMES_REPORTED: "workspace",
    Activity.OUTCOMES_FORGOTTEN: "workspace",
    Activity.ERASURE_REQUESTED: "erasure",
    Activity.ERASURE_COMPLETED: "erasure",
    Activity.WORKSPACE_CREATED: "workspace",
    Activity.WORKSPACE_CHANGED: "workspace",
    Activity.MEMBER_ADDED: "member",
    Activity.MEMBER_CHANGED: "member",
    Activity.MEMBER_REMOVED: "member",
    Activity.KEY_CREATED: "key",
    Activity.KEY_ROTATED: "key",
    Activity.KEY_REVOKED: "key",
    Activity.GUEST_ADMITTED: "guest_token",
    Activity.GUEST_DISMISSED: "guest_token",
    Activity.WEBHOOK_CREATED: "webhook",
    Activity.WEBHOOK_CHANGED: "webhook",
    Activity.WEBHOOK_DELETED: "webhook",
    Activity.WEBHOOK_SECRET_ROTATED: "webhook",
    Activity.WEBHOOK_DISABLED: "webhook",
}
"""What each of them is done with."""


class Doer(Protocol):
    """A user at work in a workspace, or what works on the user's behalf."""

    @property
    def workspace_id(self) -> uuid.UUID:
        """The workspace whose history it is."""

    @property
    def user_id(self) -> uuid.UUID:
        """The user who asked for it."""


def record_operated(
    connection: Connection,
    operator_key_id: uuid.UUID,
    activity: Activity,
    workspace_id: uuid.UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one line about what an operator did: to the history of that workspace or, without one, to that of none."""
    connection.execute(
        insert(UserActivity),
        {
            "activity_id": uuid7(),
            "workspace_id": workspace_id,
            "operator_key_id": operator_key_id,
            "activity_type": activity.value,
            "entity_type": _ENTITY_TYPES[activity],
            "entity_id": workspace_id or operator_key_id,
            "activity_details": dict(details or {}),
        },
    )


def record(
    connection: Connection,
    doer: Doer,
    activity: Activity,
    entity_id: uuid.UUID,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one line to a workspace's history, in the caller's transaction."""
    connection.execute(
        insert(UserActivity),
        {
            "activity_id": uuid7(),
            "workspace_id": doer.workspace_id,
            "user_id": doer.user_id,
            "activity_type": activity.value,
            "entity_type": _ENTITY_TYPES[activity],
            "entity_id": entity_id,
            "activity_details": dict(details or {}),
        },
    )

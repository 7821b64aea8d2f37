"""Writes the history of a workspace: who did what with which thing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert
from uuid_utils.compat import uuid7

from mailsift.shared.db.tables import UserActivity


class Activity(StrEnum):
    """The word in `activityType`."""

    FILE_UPLOAD = "file_upload"
    FILE_PROCESSED = "file_processed"
    ANALYSIS_REQUESTED = "analysis_requested"
    ANALYSIS_COMPLETED = "analysis_completed"
    EXPORT_REQUESTED = "export_requested"
    EXPORT_COMPLETED = "export_completed"
    FILE_DOWNLOADED = "file_downloaded"
    JOB_CANCELLED = "job_cancelled"
    JOB_RETRIED = "job_retried"


def record(  # noqa: PLR0913 - the columns of one row
    connection: Connection,
    activity: Activity,
    *,
    workspace_id: uuid.UUID,
    user_id: uuid.UUID,
    entity_type: str,
    entity_id: uuid.UUID,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add one line to a workspace's history, in the caller's transaction."""
    connection.execute(
        insert(UserActivity),
        {
            "activity_id": uuid7(),
            "workspace_id": workspace_id,
            "user_id": user_id,
            "activity_type": activity.value,
            "entity_type": entity_type,
            "entity_id": entity_id,
            "activity_details": dict(details or {}),
        },
    )

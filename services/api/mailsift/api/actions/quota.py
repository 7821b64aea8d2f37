"""Refuses what a plan does not allow."""

from __future__ import annotations

import math
import uuid

from sqlalchemy import Connection

from mailsift.api.deps import Deps
from mailsift.api.intake.body import UploadLimit
from mailsift.api.problems import Problem
from mailsift.api.repository import uploads
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.repository import quota
from mailsift.shared.plans import allowance


def upload_limit(deps: Deps, workspace_id: uuid.UUID) -> UploadLimit:
    """Return how large a file may be: as the plan says, or as the server does where that is less."""
    with tenant_transaction(deps.engine, workspace_id) as connection:
        plan = uploads.plan(connection, workspace_id)
    most, allowed = deps.settings.max_upload_bytes, allowance(plan).upload_bytes
    return UploadLimit(most) if allowed is None or most < allowed else UploadLimit(allowed, plan)


def spend(connection: Connection, workspace_id: uuid.UUID, jobs: int) -> None:
    """Take what `jobs` new jobs cost, given back should the transaction fail. Raises Problem when it is not there.

    The workspace's bucket stays locked to the end of the transaction: call it when all else has been found in order.
    """
    exhausted = quota.spend(connection, workspace_id, jobs)
    if exhausted is not None:
        raise Problem(
            "job_quota_exceeded",
            f"{exhausted.giver} has {exhausted.jobs_per_hour} jobs an hour; this takes {jobs}",
            headers={"Retry-After": str(math.ceil(exhausted.wait_seconds))},
        )

"""Refuses what a plan does not allow."""

from __future__ import annotations

import math
import uuid

from sqlalchemy import Connection

from mailsift.api.problems import Problem
from mailsift.shared.jobs.repository import quota


def spend(connection: Connection, workspace_id: uuid.UUID, jobs: int) -> None:
    """Take what `jobs` new jobs cost, given back should the transaction fail. Raises Problem when it is not there.

    The workspace's bucket stays locked to the end of the transaction: call it when all else has been found in order.
    """
    exhausted = quota.spend(connection, workspace_id, jobs)
    if exhausted is not None:
        raise Problem(
            "job_quota_exceeded",
            f"the {exhausted.plan} plan has {exhausted.jobs_per_hour} jobs an hour; this takes {jobs}",
            headers={"Retry-After": str(math.ceil(exhausted.wait_seconds))},
        )

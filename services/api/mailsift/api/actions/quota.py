"""How many jobs a workspace may ask for in an hour, by its plan."""

from __future__ import annotations

import math
import uuid

from sqlalchemy import Connection

from mailsift.api.problems import Problem
from mailsift.api.repository import workspaces
from mailsift.shared.db.rate_limits import Bucket, take
from mailsift.shared.plans import allowance

_SERVICE = "jobs"
_HOUR = 3600


def spend(connection: Connection, workspace_id: uuid.UUID, jobs: int) -> None:
    """Take what `jobs` new jobs cost, given back should the transaction fail. Raises Problem when it is not there.

    The workspace's bucket stays locked to the end of the transaction: call it when all else has been found in order.
    """
    plan = workspaces.plan_of(connection, workspace_id)
    most = allowance(plan).jobs_per_hour
    if most is None:
        return
    wait = take(connection, _SERVICE, workspace_id, Bucket(most, most / _HOUR), jobs)
    if wait > 0:
        raise Problem(
            "job_quota_exceeded",
            f"the {plan} plan has {most} jobs an hour; this takes {jobs}",
            headers={"Retry-After": str(math.ceil(wait))},
        )

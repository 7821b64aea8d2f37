"""How many jobs a workspace may ask for in an hour, by its plan: a bucket that whoever makes jobs takes from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, select

from mailsift.shared.db.rate_limits import Bucket, take
from mailsift.shared.db.tables import Workspace
from mailsift.shared.observability.metrics import RATE_LIMIT_WAITS
from mailsift.shared.plans import jobs_per_hour

_SERVICE = "jobs"
RATE_LIMIT_WAITS.labels(_SERVICE)
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Exhausted:
    """There are no more for now: who gives how many in an hour, and in how many seconds there are enough again."""

    giver: str
    jobs_per_hour: int
    wait_seconds: float


def spend(connection: Connection, workspace_id: uuid.UUID, jobs: int) -> Exhausted | None:
    """Take what `jobs` new jobs cost, given back should the transaction fail; None when it was there.

    The workspace's bucket stays locked to the end of the transaction: call it when all else has been found in order.
    """
    query = select(Workspace.plan, Workspace.sandbox_of).where(Workspace.workspace_id == workspace_id)
    plan, sandbox_of = connection.execute(query).one()
    # What is only tried out costs nothing of the plan; but a key that costs nothing must not flood the queues.
    most = jobs_per_hour(plan, in_sandbox=sandbox_of is not None)
    if most is None:
        return None
    wait = take(connection, _SERVICE, workspace_id, Bucket(most, most / _HOUR), jobs)
    return Exhausted("the sandbox" if sandbox_of else f"the {plan} plan", most, wait) if wait else None

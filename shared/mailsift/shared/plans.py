"""What a workspace may take for itself, by its plan; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Plan(StrEnum):
    """The word in `workspaces.plan`."""

    FREE = "free"
    PRO = "pro"
    BUSINESS = "business"
    UNLIMITED = "unlimited"
    """Of an installation of one's own: the machine is the limit."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of a plan; None is no limit."""

    # Jobs under way at once, the parts of a large one counted each.
    running_jobs: int | None
    # Jobs that users ask for, parts not counted.
    jobs_per_hour: int | None
    # Of one key, in each process of the API.
    requests_per_minute: int | None
    # Of one list: the bytes of its file as it comes, packed or not, and the rows in it.
    upload_bytes: int | None
    upload_rows: int | None


_MIB = 1024 * 1024

ALLOWANCES: dict[Plan, Allowance] = {
    Plan.FREE: Allowance(
        running_jobs=8,
        jobs_per_hour=100,
        requests_per_minute=300,
        upload_bytes=100 * _MIB,
        upload_rows=200_000,
    ),
    Plan.PRO: Allowance(
        running_jobs=32,
        jobs_per_hour=1_000,
        requests_per_minute=1_200,
        upload_bytes=1024 * _MIB,
        upload_rows=2_000_000,
    ),
    Plan.BUSINESS: Allowance(
        running_jobs=128,
        jobs_per_hour=10_000,
        requests_per_minute=6_000,
        upload_bytes=8 * 1024 * _MIB,
        upload_rows=20_000_000,
    ),
    Plan.UNLIMITED: Allowance(
        running_jobs=None, jobs_per_hour=None, requests_per_minute=None, upload_bytes=None, upload_rows=None
    ),
}

SANDBOX_JOBS_PER_HOUR = 100
"""Of the sandbox of a workspace, beside those of its plan."""


def allowance(plan: str) -> Allowance:
    """Return what a plan allows; a plan that is not known here allows what the smallest does."""
    return ALLOWANCES[Plan(plan)] if plan in set(Plan) else ALLOWANCES[Plan.FREE]


def jobs_per_hour(plan: str, *, in_sandbox: bool) -> int | None:
    """Return how many jobs may be asked for in an hour; a sandbox has its own, where the plan has a limit at all."""
    most = allowance(plan).jobs_per_hour
    return most if most is None or not in_sandbox else min(most, SANDBOX_JOBS_PER_HOUR)

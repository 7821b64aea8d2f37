"""What the relay writes: which due jobs are sent next."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.db.prepared import Prepared
from mailsift.shared.plans import ALLOWANCES, Plan

_NO_LIMIT = 2**31 - 1

# Held for the few milliseconds of a choice: two dispatchers that chose at once would not see what the other one chose,
# and send more of one workspace than it may have. Who does not get it leaves the choice to the other.
_CHOOSE_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('mailsift dispatch', 0))")

_OUTSTANDING = text("""
    SELECT queue, count(*), extract(epoch FROM clock_timestamp() - min("dispatchedAt"))::float
    FROM "jobQueue" WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL GROUP BY queue""")

# What ran again and again when its worker died may be what killed it. One such job of a queue is sent at a time:
# a poisoned one does not meet those again that it took along.
_SUSPECT = """("errorCode" IS NOT DISTINCT FROM 'worker_lost' AND "retryCount" >= 2)"""

_UNSENT = """"jobQueue" j WHERE j.queue = {of}.queue AND status = 'pending' AND "dispatchedAt" IS NULL"""

# Of each queue, from each workspace in turn: who has less under way goes first, and among equals the job whose turn it
# is. A choice costs the same however many jobs there are: `waiting` goes round the workspaces through the index, from a
# random one and at most a hundred of them, and of each only twice its share is looked at. Locked in a second step,
# which leaves out what moved since.
_TAKE = Prepared(
    "jobs_take",
    f"""
    WITH RECURSIVE slots AS (
        SELECT * FROM unnest(:queues, :free) AS s(queue, free)
        WHERE queue NOT IN (SELECT queue FROM "pausedQueues")
    ), waiting(queue, free, "workspaceId", first, n) AS (
        SELECT queue, free, id, id, 1 FROM slots CROSS JOIN LATERAL (SELECT coalesce(
            (SELECT "workspaceId" FROM {_UNSENT.format(of="slots")} AND "workspaceId" >= :token ORDER BY 1 LIMIT 1),
            (SELECT "workspaceId" FROM {_UNSENT.format(of="slots")} ORDER BY 1 LIMIT 1))) AS start(id)
        WHERE id IS NOT NULL
        UNION ALL
        SELECT queue, free, id, first, n + 1 FROM waiting w CROSS JOIN LATERAL (SELECT coalesce(
            (SELECT "workspaceId" FROM {_UNSENT.format(of="w")}
                AND j."workspaceId" > w."workspaceId" ORDER BY 1 LIMIT 1),
            (SELECT "workspaceId" FROM {_UNSENT.format(of="w")} ORDER BY 1 LIMIT 1))) AS next(id)
        WHERE id <> first AND n < 100
    ), shares AS MATERIALIZED (
        SELECT queue, free, "workspaceId", 1 + 2 * free / count(*) OVER (PARTITION BY queue) AS share,
            (SELECT count(*) FROM "jobQueue" u
             WHERE u."workspaceId" = w."workspaceId" AND u.queue = w.queue AND "dispatchedAt" IS NOT NULL) AS under_way,
            (SELECT coalesce(jobs, :default_running_jobs) FROM workspaces
             LEFT JOIN unnest(:plans, :running_jobs) AS l(plan, jobs) USING (plan)
             WHERE "workspaceId" = w."workspaceId")
            - (SELECT count(*) FROM "jobQueue" u
               WHERE u."workspaceId" = w."workspaceId" AND "dispatchedAt" IS NOT NULL) AS allowed
        FROM waiting w
    ), ranked AS (
        SELECT due."jobId", queue, free, allowed, suspect,
            row_number() OVER (PARTITION BY queue, suspect ORDER BY due."turnAt") AS of_kind,
            row_number() OVER (PARTITION BY "workspaceId" ORDER BY under_way + due.place, due."turnAt") AS of_workspace,
            row_number() OVER (PARTITION BY queue ORDER BY under_way + due.place, due."turnAt") AS of_queue
        FROM shares CROSS JOIN LATERAL (
            SELECT "jobId", "turnAt", {_SUSPECT} AS suspect, row_number() OVER (ORDER BY "turnAt") AS place
            FROM {_UNSENT.format(of="shares")} AND j."workspaceId" = shares."workspaceId"
                AND "turnAt" <= clock_timestamp() AT TIME ZONE 'UTC' AND "dueAt" <= clock_timestamp()
            ORDER BY "turnAt" LIMIT greatest(least(share, allowed), 0)
        ) due
    ), chosen AS (
        SELECT "jobId" FROM "jobQueue"
        WHERE "jobId" IN (
            SELECT "jobId" FROM ranked
            WHERE of_workspace <= allowed AND of_queue <= free AND (NOT suspect OR of_kind = 1 AND NOT EXISTS (
                SELECT FROM "jobQueue" u WHERE u.queue = ranked.queue AND "dispatchedAt" IS NOT NULL AND {_SUSPECT})))
            AND status = 'pending' AND "dispatchedAt" IS NULL
        FOR UPDATE SKIP LOCKED
    )
    UPDATE "jobQueue" j SET "dispatchedAt" = clock_timestamp(), "dispatchToken" = :token
    FROM chosen WHERE j."jobId" = chosen."jobId"
    RETURNING j."jobId", j.attempt, j."jobType", j.queue, set_config('synchronous_commit', 'off', true)""",
    {
        "queues": "text[]",
        "free": "bigint[]",
        "plans": "text[]",
        "running_jobs": "bigint[]",
        "default_running_jobs": "bigint",
        "token": "uuid",
    },
)

_UNMARK = text("""
    UPDATE "jobQueue" SET "dispatchedAt" = NULL, "dispatchToken" = NULL
    WHERE "dispatchToken" = :token AND "jobId" = ANY(CAST(:job_ids AS uuid[])) AND status = 'pending'""")


@dataclass(frozen=True, slots=True)
class Hint:
    """A message to send."""

    job_id: uuid.UUID
    attempt: int
    job_type: str
    queue: str


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The hints of a queue that were sent and not claimed yet, and how long the oldest has waited, in seconds."""

    count: int
    oldest_seconds: float


def choose_alone(connection: Connection) -> bool:
    """Be the only one who takes jobs until this transaction ends; False while another is."""
    return bool(connection.scalar(_CHOOSE_ALONE))


def outstanding(connection: Connection) -> dict[str, Outstanding]:
    """Look at what is out, by queue; a queue without is left out."""
    return {row[0]: Outstanding(row[1], row[2]) for row in connection.execute(_OUTSTANDING)}


def take(connection: Connection, slots: Mapping[str, int], token: uuid.UUID) -> list[Hint]:
    """Mark due jobs as sent under `token`, at most so many of each queue, and return their hints."""
    running_jobs = {plan: _limit(allowed.running_jobs) for plan, allowed in ALLOWANCES.items()}
    rows = _TAKE.execute(
        connection,
        {
            "queues": list(slots),
            "free": list(slots.values()),
            "plans": [plan.value for plan in running_jobs],
            "running_jobs": list(running_jobs.values()),
            "default_running_jobs": running_jobs[Plan.FREE],
            "token": token,
        },
    )
    return [Hint(row["jobId"], row["attempt"], row["jobType"], row["queue"]) for row in rows]


def unmark(connection: Connection, hints: Sequence[Hint], token: uuid.UUID) -> None:
    """Take the mark back from jobs whose hint could not be sent, unless somebody marked them since."""
    connection.execute(_UNMARK, {"token": token, "job_ids": [str(hint.job_id) for hint in hints]})


def _limit(allowed: int | None) -> int:
    return _NO_LIMIT if allowed is None else allowed

"""What the relay writes: which due jobs are sent next."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.shared.db.prepared import Prepared
from mailsift.shared.plans import ALLOWANCES, Plan

_NO_LIMIT = 2**31 - 1
_FIRST = uuid.UUID(int=0)

# Held for the few milliseconds of a choice: two dispatchers that chose at once would not see what the other one chose,
# and send more of one workspace than it may have. Who does not get it leaves the choice to the other.
_CHOOSE_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('mailsift dispatch', 0))")

_OUTSTANDING = text("""
    SELECT queue, count(*), extract(epoch FROM clock_timestamp() - min("dispatchedAt"))::float
    FROM "jobQueue" WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL GROUP BY queue""")

_UNSENT = """"jobQueue" j WHERE j.queue = {of}.queue AND status = 'pending' AND "dispatchedAt" IS NULL"""

# Who waits in each queue, found by skipping from one workspace to the next through the index: it does not matter how
# many jobs each has. So many of them at a time; the next look goes on behind the last.
_WAITING = Prepared(
    "jobs_waiting",
    f"""
    WITH RECURSIVE slots AS (
        SELECT * FROM unnest(:queues, :after) AS s(queue, after)
        WHERE queue NOT IN (SELECT queue FROM "pausedQueues")
    ), waiting(queue, "workspaceId", n) AS (
        SELECT queue, first.* , 1 FROM slots CROSS JOIN LATERAL (
            SELECT "workspaceId" FROM {_UNSENT.format(of="slots")} AND j."workspaceId" > slots.after
            ORDER BY 1 LIMIT 1) AS first
        UNION ALL
        SELECT queue, next.*, n + 1 FROM waiting CROSS JOIN LATERAL (
            SELECT "workspaceId" FROM {_UNSENT.format(of="waiting")} AND j."workspaceId" > waiting."workspaceId"
            ORDER BY 1 LIMIT 1) AS next
        WHERE n < :most
    )
    SELECT queue, "workspaceId" FROM waiting ORDER BY queue, n""",
    {"queues": "text[]", "after": "uuid[]", "most": "bigint"},
)

# What ran again and again when its worker died may be what killed it. One such job of a queue is sent at a time:
# a poisoned one does not meet those again that it took along.
_SUSPECT = """("errorCode" = 'worker_lost' AND "retryCount" >= 2 AND status IN ('pending', 'processing'))"""

# Of each queue, from each workspace in turn: who has less under way goes first, and among equals the job whose turn it
# is. Of each only twice its share is looked at. Locked in a second step, which leaves out what moved since.
_TAKE = Prepared(
    "jobs_take",
    f"""
    WITH shares AS MATERIALIZED (
        SELECT queue, free, "workspaceId", 1 + 2 * free / count(*) OVER (PARTITION BY queue) AS share,
            (SELECT count(*) FROM "jobQueue" u
             WHERE u."workspaceId" = w."workspaceId" AND u.queue = w.queue AND "dispatchedAt" IS NOT NULL) AS under_way,
            (SELECT coalesce(jobs, :default_running_jobs) FROM workspaces
             LEFT JOIN unnest(:plans, :running_jobs) AS l(plan, jobs) USING (plan)
             WHERE "workspaceId" = w."workspaceId")
            - (SELECT count(*) FROM "jobQueue" u
               WHERE u."workspaceId" = w."workspaceId" AND "dispatchedAt" IS NOT NULL) AS allowed
        FROM unnest(:queues, :workspaces, :free) AS w(queue, "workspaceId", free)
    ), suspects AS MATERIALIZED (
        SELECT DISTINCT ON (queue) "jobId" FROM "jobQueue" s JOIN shares USING (queue, "workspaceId")
        WHERE {_SUSPECT} AND "dispatchedAt" IS NULL AND "dueAt" <= clock_timestamp() AND allowed > 0 AND NOT EXISTS (
            SELECT FROM "jobQueue" u WHERE u.queue = s.queue AND {_SUSPECT} AND "dispatchedAt" IS NOT NULL)
        ORDER BY queue, "turnAt"
    ), ranked AS (
        SELECT due."jobId", free, allowed,
            row_number() OVER (PARTITION BY "workspaceId" ORDER BY under_way + due.place, due."turnAt") AS of_workspace,
            row_number() OVER (PARTITION BY queue ORDER BY under_way + due.place, due."turnAt") AS of_queue
        FROM shares CROSS JOIN LATERAL (
            SELECT "jobId", "turnAt", row_number() OVER (ORDER BY "turnAt") AS place
            FROM {_UNSENT.format(of="shares")} AND j."workspaceId" = shares."workspaceId"
                AND "turnAt" <= clock_timestamp() AT TIME ZONE 'UTC' AND "dueAt" <= clock_timestamp()
                AND ({_SUSPECT} IS NOT TRUE OR "jobId" IN (SELECT "jobId" FROM suspects))
            ORDER BY "turnAt" LIMIT greatest(least(share, allowed), 0)
        ) due
    ), chosen AS (
        SELECT "jobId" FROM "jobQueue"
        WHERE "jobId" IN (SELECT "jobId" FROM ranked WHERE of_workspace <= allowed AND of_queue <= free)
            AND status = 'pending' AND "dispatchedAt" IS NULL
        FOR UPDATE SKIP LOCKED
    )
    UPDATE "jobQueue" j SET "dispatchedAt" = clock_timestamp(), "dispatchToken" = :token
    FROM chosen WHERE j."jobId" = chosen."jobId"
    RETURNING j."jobId", j.attempt, j."jobType", j.queue, j."traceContext",
        set_config('synchronous_commit', 'off', true)""",
    {
        "queues": "text[]",
        "workspaces": "uuid[]",
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
    trace_context: str | None = None


@dataclass(frozen=True, slots=True)
class Waiter:
    """A workspace with unsent jobs in a queue."""

    queue: str
    workspace_id: uuid.UUID


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


def waiting(
    connection: Connection, queues: Iterable[str], after: Mapping[str, uuid.UUID], most: int = 250
) -> list[Waiter]:
    """List who has unsent jobs in each queue, in the order of their ids: at most so many, behind the one in `after`."""
    wanted = list(queues)
    behind = [after.get(queue, _FIRST) for queue in wanted]
    rows = _WAITING.execute(connection, {"queues": wanted, "after": behind, "most": most})
    return [Waiter(row["queue"], row["workspaceId"]) for row in rows]


def take(connection: Connection, slots: Mapping[str, int], waiters: Sequence[Waiter], token: uuid.UUID) -> list[Hint]:
    """Mark due jobs of these workspaces as sent under `token`, at most so many of each queue; returns their hints."""
    running_jobs = {plan: _limit(allowed.running_jobs) for plan, allowed in ALLOWANCES.items()}
    rows = _TAKE.execute(
        connection,
        {
            "queues": [waiter.queue for waiter in waiters],
            "workspaces": [waiter.workspace_id for waiter in waiters],
            "free": [slots[waiter.queue] for waiter in waiters],
            "plans": [plan.value for plan in running_jobs],
            "running_jobs": list(running_jobs.values()),
            "default_running_jobs": running_jobs[Plan.FREE],
            "token": token,
        },
    )
    return [Hint(row["jobId"], row["attempt"], row["jobType"], row["queue"], row["traceContext"]) for row in rows]


def unmark(connection: Connection, hints: Sequence[Hint], token: uuid.UUID) -> None:
    """Take the mark back from jobs whose hint could not be sent, unless somebody marked them since."""
    connection.execute(_UNMARK, {"token": token, "job_ids": [str(hint.job_id) for hint in hints]})


def _limit(allowed: int | None) -> int:
    return _NO_LIMIT if allowed is None else allowed

"""What webhooks are told of jobs: written by the statement that moves a job, and while an analysis runs."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, text

from mailsift.shared.events import WebhookEvent
from mailsift.shared.jobs.catalog import JobType

# What a move is told as, in terms of "jobQueue" j. Of the parts of a job nobody is told, nor of a look at a list.
EVENT = f"""
    CASE WHEN j."parentJobId" IS NULL THEN
        CASE j.status
        WHEN 'failed' THEN '{WebhookEvent.JOB_FAILED}'
        WHEN 'dead_letter' THEN '{WebhookEvent.JOB_DEAD_LETTER}'
        WHEN 'completed' THEN
            CASE j."jobType"
            WHEN '{JobType.EXPORT}' THEN '{WebhookEvent.EXPORT_COMPLETED}'
            WHEN '{JobType.FILE_PROCESSING}' THEN
                CASE WHEN j.payload @> '{{"preview": true}}' THEN NULL ELSE '{WebhookEvent.UPLOAD_COMPLETED}' END
            ELSE '{WebhookEvent.ANALYSIS_COMPLETED}' END
        END
    END"""

# A row of a job carries its most specific subject only.
_DATA = """jsonb_build_object(
    'jobId', {j}."jobId", 'jobType', {j}."jobType", 'status', {j}.status,
    'uploadId', coalesce({j}."uploadId", (SELECT a."uploadId" FROM analyses a WHERE a."analysisId" = coalesce(
        {j}."analysisId", (SELECT x."analysisId" FROM exports x WHERE x."exportId" = {j}."exportId")))),
    'analysisId', coalesce(
        {j}."analysisId", (SELECT x."analysisId" FROM exports x WHERE x."exportId" = {j}."exportId")),
    'exportId', {j}."exportId", {more})"""

_ENDED = _DATA.format(
    j="m", more="""'result', m.result, 'errorCode', m."errorCode", 'errorMessage', m."errorMessage\""""
)
_TRACE = 'm."traceContext"'
_RUNNING = _DATA.format(
    j="j",
    more="""'progress', j.progress, 'currentStep', j."currentStep",
    'processedItems', j."processedItems", 'totalItems', j."totalItems\"""",
)

_VOID = text("""
    UPDATE "webhookDeliveries" SET status = 'pending', "dispatchedAt" = NULL, "leaseToken" = NULL, "leaseUntil" = NULL
    WHERE status IN ('pending', 'delivering') AND "dispatchedAt" IS NOT NULL""")


def message(event: str, data: str) -> str:
    """Write down in SQL what is sent: `event` and `data` are expressions of it."""
    return f"jsonb_build_object('type', {event}, 'timestamp', clock_timestamp(), 'data', {data})"


def telling(rows: str, event: str, data: str, trace: str = "NULL") -> str:
    """Tell, in SQL, of each of some rows `m` those webhooks of its workspace that want to hear of the event.

    `trace` is the traceparent that the telling stands below.
    """
    return f"""
        INSERT INTO "webhookDeliveries" ("deliveryId", "webhookId", "workspaceId", event, payload, "traceContext")
        SELECT gen_random_uuid(), w."webhookId", w."workspaceId", {event}, {message(event, data)}, {trace}
        FROM {rows} m JOIN webhooks w ON w."workspaceId" = m."workspaceId" AND w.enabled AND {event} = ANY(w.events)"""


# In the transaction that moves the job: told if it is, and not if it is rolled back.
OUTBOX = f"told AS ({telling('moved', 'm.event', _ENDED, trace=_TRACE)})"

# At most one of a job in each stretch of time, whoever looks. One that has not been heard of has nothing to tell, and
# who does not listen is told what ends well or badly, later.
_TELL_PROGRESS = text(f"""
    INSERT INTO "webhookDeliveries" ("deliveryId", "webhookId", "workspaceId", event, once, payload, "traceContext")
    SELECT gen_random_uuid(), w."webhookId", w."workspaceId", '{WebhookEvent.ANALYSIS_PROGRESS}',
        j."jobId" || ' ' || floor(extract(epoch FROM clock_timestamp()) / :every),
        {message(f"'{WebhookEvent.ANALYSIS_PROGRESS}'", _RUNNING)}, j."traceContext"
    FROM webhooks w JOIN "jobQueue" j ON j."workspaceId" = w."workspaceId"
    WHERE w.enabled AND w."failingSince" IS NULL AND '{WebhookEvent.ANALYSIS_PROGRESS}' = ANY(w.events)
        AND j.status = 'processing' AND j."parentJobId" IS NULL AND j."analysisId" IS NOT NULL
        AND greatest(j."updatedAt", j."heartbeatAt") > clock_timestamp() - make_interval(secs => :every)
    ON CONFLICT DO NOTHING""")

_GIVE_UP = text("""
    UPDATE "webhookDeliveries" SET status = 'failed', "errorCode" = 'webhook_disabled',
        "errorMessage" = 'its webhook was disabled', "dispatchedAt" = NULL, "completedAt" = clock_timestamp()
    WHERE "webhookId" = :webhook_id AND status = 'pending'""")


# Who has the row now claims it, or sends it: then it needs nothing of us.
_TAKE_BACK = text("""
    WITH marked AS (
        SELECT "deliveryId" FROM "webhookDeliveries" WHERE status = 'pending' AND "dispatchedAt" IS NOT NULL
        FOR UPDATE SKIP LOCKED
    )
    UPDATE "webhookDeliveries" d SET "dispatchedAt" = NULL FROM marked WHERE d."deliveryId" = marked."deliveryId" """)


def take_hints_back(connection: Connection) -> None:
    """Let all hints that nobody has claimed be sent again: those of a paused queue are refused."""
    connection.execute(_TAKE_BACK)


def give_up(connection: Connection, webhook_id: uuid.UUID) -> None:
    """End what waits for its turn: its webhook is told nothing any more."""
    connection.execute(_GIVE_UP, {"webhook_id": webhook_id})


def void_all_hints(connection: Connection) -> None:
    """Let all that was under way be sent again at once. Only for one who knows that no worker is alive."""
    connection.execute(_VOID)


def tell_progress(connection: Connection, every_seconds: float) -> int:
    """Tell webhooks how far analyses are; returns how many messages that makes."""
    return connection.execute(_TELL_PROGRESS, {"every": every_seconds}).rowcount

"""/api/jobs/:id/stream: a job's story as server-sent events."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from apiflask import APIBlueprint
from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from mailsift.api import sse
from mailsift.api.auth import bearer_key, needs, principal, still_opens
from mailsift.api.deps import Deps, deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.metrics import STREAMS_OPEN
from mailsift.api.permissions import Permission
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import jobs
from mailsift.api.routes.answers import found
from mailsift.api.schemas.jobs import Job
from mailsift.shared.db.session import tenant_reading

blueprint = APIBlueprint("streams", __name__, url_prefix="/api/jobs", tag="jobs")

_FOR = frozenset({Permission.ASK, Permission.READ})
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@blueprint.get("/<uuid:job_id>/stream")
@blueprint.doc(
    responses=refusals("not_found", "too_many_streams", "temporarily_unavailable")
    | answers(200, "server-sent events", {"text/event-stream": "string"})
    | answers(204, "nothing more will come")
)
@needs(*_FOR)
def stream(job_id: uuid.UUID) -> Response:
    """Follow a job.

    Events `connected`, `progress`, `complete`, then the stream ends. With `Last-Event-ID` it goes on from the job's
    present state; who has seen the end gets 204, which tells an EventSource not to come back. When its key is revoked
    or expires, a stream ends within a minute.
    """
    parts, who = deps(), principal()
    job = found(_read(parts, who, job_id), "job")
    if job.ended and request.headers.get("Last-Event-ID") == sse.final_id(job):
        return Response(status=204)
    if not parts.watcher.places.take(who.workspace_id):
        raise Problem("too_many_streams", "ask for the status instead, or come back", headers={"Retry-After": "10"})
    STREAMS_OPEN.inc()
    key = bearer_key(request.headers.get("Authorization"))
    response = Response(_story(parts, who, key, job), mimetype="text/event-stream", headers=_HEADERS)
    # Called at the end however it comes; the generator's own `finally` is not when it never started.
    response.call_on_close(STREAMS_OPEN.dec)
    response.call_on_close(lambda: parts.watcher.places.free(who.workspace_id))
    return response


def _story(parts: Deps, who: Principal, key: str, job: Job) -> Iterator[bytes]:
    with parts.watcher.watch(job.parent_job_id or job.job_id) as watch:
        yield from sse.story(
            job.job_id,
            lambda: _read_or_keep(parts, who, job),
            lambda: _opens_or_may(parts, key),
            watch,
            poll_seconds=parts.settings.stream_poll_seconds,
            heartbeat_seconds=parts.settings.stream_heartbeat_seconds,
        )


def _read_or_keep(parts: Deps, who: Principal, known: Job) -> Job | None:
    # While the database is away the client keeps its stream, and the state it last had is the best there is.
    try:
        return _read(parts, who, known.job_id)
    except SQLAlchemyError:
        return known


def _opens_or_may(parts: Deps, key: str) -> bool:
    try:
        return still_opens(parts.engine, key, _FOR)
    except SQLAlchemyError:
        return True


def _read(parts: Deps, who: Principal, job_id: uuid.UUID) -> Job | None:
    with tenant_reading(parts.engine, who.workspace_id) as connection:
        return jobs.find(connection, job_id)

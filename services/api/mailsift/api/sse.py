"""Server-sent events: the words on the wire, and the story of one job as a stream of them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from mailsift.api.schemas.jobs import Job
from mailsift.api.schemas.watched_jobs import JobMetadata, result_data, watched_status

HEARTBEAT = b": heartbeat\n\n"
_RETRY = b"retry: 3000\n\n"


class Ear(Protocol):
    """What tells that there may be news."""

    closed: bool

    def wait(self, timeout: float) -> None:
        """Return at news, at the latest after `timeout` seconds."""


def event(data: Mapping[str, Any], event_id: str | None = None) -> bytes:
    """Write one event. JSON holds no bare line break, so one data line is enough."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def state_id(job: Job) -> str:
    """Name the state of a job: equal states have equal names, so that a reconnecting client can say what it has."""
    words = (job.attempt, job.status, job.waits_for, job.progress, job.processed_items, job.total_items or 0)
    name = "-".join(map(str, (*words, job.current_step or "")))
    return uuid.uuid5(job.job_id, name).hex[:16]


def final_id(job: Job) -> str:
    """Name the last event of a job's stream."""
    return f"{state_id(job)}-complete"


def story(  # noqa: PLR0913 - what it asks, and how often
    job_id: uuid.UUID,
    read: Callable[[], Job | None],
    may_listen: Callable[[], bool],
    ear: Ear,
    *,
    poll_seconds: float,
    heartbeat_seconds: float,
) -> Iterator[bytes]:
    """Tell of a job until it has ended, is gone, nobody may listen any more, or the process is about to stop."""
    yield _RETRY
    yield event({"type": "connected", "jobId": str(job_id)})
    told, told_at, allowed_at = "", time.monotonic(), time.monotonic()
    while (job := read()) is not None:
        state = state_id(job)
        if state != told:
            yield event(_progress(job), state)
            told, told_at = state, time.monotonic()
        if job.ended:
            yield event(_complete(job), final_id(job))
            return
        if ear.closed:
            return
        ear.wait(min(poll_seconds, heartbeat_seconds))
        if time.monotonic() - allowed_at >= heartbeat_seconds:
            if not may_listen():
                return
            allowed_at = time.monotonic()
        if time.monotonic() - told_at >= heartbeat_seconds:
            yield HEARTBEAT
            told_at = time.monotonic()


def _progress(job: Job) -> dict[str, Any]:
    return {
        "type": "progress",
        "jobId": str(job.job_id),
        "status": watched_status(job.status).value,
        "progress": job.progress,
        "metadata": JobMetadata.model_validate(job).model_dump(mode="json", by_alias=True),
    }


def _complete(job: Job) -> dict[str, Any]:
    return {
        "type": "complete",
        "jobId": str(job.job_id),
        "status": watched_status(job.status).value,
        "resultData": result_data(job),
        "errorCode": job.error_code,
        "errorMessage": job.error_message,
    }

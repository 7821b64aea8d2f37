from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from mailsift.api import sse
from mailsift.api.schemas.jobs import Job
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.states import JobStatus

JOB_ID, EXPORT_ID = uuid.UUID(int=1), uuid.UUID(int=2)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def job(status: JobStatus, progress: int, **change: Any) -> Job:
    known: dict[str, Any] = dict.fromkeys(Job.model_fields)
    known |= {
        "job_id": JOB_ID,
        "job_type": JobType.EXPORT,
        "export_id": EXPORT_ID,
        "status": status,
        "progress": progress,
        "progress_detail": {"total": None, "processed": 0, "failed": 0, "percentage": progress, "message": "At work"},
        "processed_items": 0,
        **dict.fromkeys(("attempt", "retry_count", "max_retries", "priority"), 0),
        "trace_id": "t",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Job.model_validate({**known, **change})


class Ear:
    def __init__(self, patience: int = 100) -> None:
        self.closed = False
        self.waits: list[float] = []
        self._patience = patience

    def wait(self, timeout: float) -> None:
        self.waits.append(timeout)
        self.closed = len(self.waits) >= self._patience


def tell(
    states: Iterator[Job | None],
    ear: Ear | None = None,
    heartbeat: float = 15,
    may_listen: Callable[[], bool] = lambda: True,
) -> list[bytes]:
    read: Callable[[], Job | None] = lambda: next(states)  # noqa: E731 - a reader in one line
    return list(sse.story(JOB_ID, read, may_listen, ear or Ear(), poll_seconds=5, heartbeat_seconds=heartbeat))


def data(event: bytes) -> dict[str, Any]:
    (line,) = [line for line in event.decode().splitlines() if line.startswith("data: ")]
    parsed: dict[str, Any] = json.loads(line.removeprefix("data: "))
    return parsed


def test_an_event_is_an_id_one_line_of_data_and_a_blank_line() -> None:
    assert sse.event({"a": "b\nc"}, "7") == b'id: 7\ndata: {"a":"b\\nc"}\n\n'
    assert sse.event({}) == b"data: {}\n\n"


def test_each_state_is_told_once_and_the_end_ends_the_stream() -> None:
    states = [
        *(job(JobStatus.PENDING, 0), job(JobStatus.PENDING, 0), job(JobStatus.PROCESSING, 40)),
        job(JobStatus.COMPLETED, 100, result={"rows": 3}),
    ]
    retry, *events = tell(iter(states))
    assert retry == b"retry: 3000\n\n"
    told = [data(event) for event in events]
    assert told[0] == {"type": "connected", "jobId": str(JOB_ID)}
    assert [(event["status"], event["progress"]) for event in told[1:-1]] == [
        *(("pending", 0), ("running", 40), ("completed", 100))
    ]
    assert told[-1] == {
        "type": "complete",
        "jobId": str(JOB_ID),
        "status": "completed",
        "resultData": {"rows": 3, "resultsUrl": f"/api/exports/{EXPORT_ID}/download"},
        "errorCode": None,
        "errorMessage": None,
    }
    assert told[1]["metadata"].keys() == {
        *("currentStep", "processedItems", "totalItems", "etaSeconds", "uploadId", "analysisId", "exportId"),
        *("afterJobId", "waitsFor"),
    }


def test_a_job_whose_retries_are_used_up_has_failed() -> None:
    last = data(tell(iter([job(JobStatus.DEAD_LETTER, 3, error_code="x", error_message="y")]))[-1])
    assert (last["status"], last["errorCode"], last["errorMessage"]) == ("failed", "x", "y")


def test_a_stream_ends_when_its_job_is_gone() -> None:
    assert len(tell(iter([job(JobStatus.PENDING, 0), None]))) == 3


def test_a_stream_ends_when_the_process_is_about_to_stop() -> None:
    ear = Ear(patience=2)
    tell(iter([job(JobStatus.PENDING, 0)] * 5), ear)
    assert ear.waits == [5, 5]


def test_a_stream_ends_at_the_next_heartbeat_when_nobody_may_listen_any_more() -> None:
    answers = iter([True, False])
    states = iter([job(JobStatus.PROCESSING, progress) for progress in range(5)])
    told = tell(states, heartbeat=1e-9, may_listen=lambda: next(answers))
    assert [data(event)["progress"] for event in told if b'"progress"' in event] == [0, 1]


def test_nobody_is_asked_before_a_heartbeat_is_due() -> None:
    states = iter([job(JobStatus.PROCESSING, 1), None])
    assert len(tell(states, may_listen=lambda: False)) == 3


def test_silence_is_broken_by_heartbeats() -> None:
    events = tell(iter([job(JobStatus.PENDING, 0)] * 3 + [None]), heartbeat=1e-9)
    assert events.count(b": heartbeat\n\n") == 3


def test_equal_states_have_equal_ids_and_others_have_not() -> None:
    states = [
        job(JobStatus.PENDING, 0),
        job(JobStatus.PENDING, 0, waits_for="job"),
        job(JobStatus.PROCESSING, 0),
        job(JobStatus.PROCESSING, 1),
        job(JobStatus.PROCESSING, 1, processed_items=1),
        job(JobStatus.PROCESSING, 1, processed_items=1, current_step="scoring"),
        job(JobStatus.PROCESSING, 1, processed_items=1, current_step="scoring", attempt=2),
    ]
    assert len({sse.state_id(state) for state in states}) == len(states)
    assert sse.state_id(states[0]) == sse.state_id(job(JobStatus.PENDING, 0))
    assert sse.final_id(states[0]) != sse.state_id(states[0])

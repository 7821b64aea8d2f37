"""What holds of every job whatever happens, and what no step may change; pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from integration.jobs.records import Event, JobRow, Snapshot
from mailsift.shared.jobs.repository.moves import PREREQUISITE_FAILED
from mailsift.shared.jobs.repository.operating import REDRIVEN
from mailsift.shared.jobs.states import ENDED, RETRYABLE, TRANSITIONS, JobStatus, subject_status

PENDING, PROCESSING = JobStatus.PENDING, JobStatus.PROCESSING


RETRIED = frozenset({"retried by the user", REDRIVEN})
# What an attempt of these tests fails with, and what the reaper says.
FAILURES = frozenset({"bad_input", "storage_away", "worker_lost", "max_runtime"})


def broken(before: Snapshot, now: Snapshot, live: Mapping[uuid.UUID, uuid.UUID]) -> list[str]:
    """Name each law that a job breaks; `live` are the tokens that were given out and not taken back, by job."""
    found = [f"{before.jobs[job_id].name}: is gone" for job_id in before.jobs.keys() - now.jobs.keys()]
    for job in now.jobs.values():
        laws = [*_of_a_row(job), *_of_a_history(job), *_of_parents(job, now), *_of_followers(job, now)]
        if job.status is PENDING:
            laws += _of_a_pending_one(job)
        if job.token != live.get(job.job_id):
            laws.append("its token is that of the worker at work on it")
        earlier = before.jobs.get(job.job_id)
        if earlier is not None:
            laws += _of_a_step(earlier, job, job.history[len(earlier.history) :])
        found += [f"{job.name}: {law}" for law in laws]
    return found


def _of_a_row(job: JobRow) -> Iterator[str]:
    if job.token is not None and job.status is not PROCESSING:
        yield "only a job at work has a token"
    if job.has_end != job.ended:
        yield "an ended job has the time of its end, and no other has"
    if job.status is not PENDING and job.sent != (job.token is not None):
        yield "a job at work counts as under way, one that waits for its children or has ended does not"
    if job.deleted and not job.ended:
        yield "what was deleted has ended"
    if job.results != (job.status is JobStatus.COMPLETED):
        yield f"a completed job has one result and no other has any ({job.results})"
    between_tries = job.status is PENDING and job.attempt > 0 and job.subject == PROCESSING
    if job.parent_id is None and job.subject != subject_status(job.status) and not between_tries:
        yield f"its subject shows its state ({job.status}, {job.subject})"


def _of_a_pending_one(job: JobRow) -> Iterator[str]:
    if job.cancelling:
        yield "a job that was taken back never waits in the queue"
    if job.early:
        yield "it is not due before its hour"


def _of_a_history(job: JobRow) -> Iterator[str]:
    told = job.history
    if not told or told[0] != Event(PENDING, "queued"):
        yield "its history begins when it is queued"
    elif told[-1].status is not job.status:
        yield f"its history ends with its state ({told[-1].status}, {job.status})"
    for last, event in pairwise(told):
        yield from _of_a_move(last, event)
    if sum(event.cause == "claimed" for event in told) != job.attempt:
        yield "attempts are claims"
    if job.retry_count != _failures(told):
        yield f"failures and reaps since the last retry, and nothing else, count ({job.retry_count})"


def _of_a_move(last: Event, event: Event) -> Iterator[str]:
    if (last.status, event.status) not in TRANSITIONS:
        yield f"no job goes from {last.status} to {event.status}"
    if (last.status in ENDED) != (event.cause in RETRIED):
        yield f"only a retry takes a job out of its end ({last}, {event})"
    if event.cause == "claimed" and last.status is not PENDING:
        yield "only a waiting job is claimed"


def _failures(told: Sequence[Event]) -> int:
    count = 0
    for event in told:
        count = 0 if event.cause in RETRIED else count + (event.cause in FAILURES)
    return count


def _of_parents(job: JobRow, now: Snapshot) -> Iterator[str]:
    children = now.children(job)
    still_open = [child for child in children if not child.ended]
    if job.open_children != len(still_open):
        yield f"it counts its open children ({job.open_children}, {len(still_open)})"
    if job.waiting != bool(still_open):
        yield "it waits while a child is open, and no longer"
    fatal = [child for child in children if child.fails_parent and child.status in RETRYABLE]
    if job.waiting and job.failed_children != len(fatal):
        yield f"it counts the children that fail it ({job.failed_children}, {len(fatal)})"
    if fatal and not still_open and job.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        yield "a child that fails it, fails it"


def _of_followers(job: JobRow, now: Snapshot) -> Iterator[str]:
    predecessor = now.predecessor(job)
    if predecessor is None:
        if job.held_back and not job.ended:
            yield "it waits for nobody"
        return
    if job.status is PENDING and job.held_back == predecessor.ended:
        yield "it is held back until the job before it has ended"
    if predecessor.status in RETRYABLE and job.status is not JobStatus.CANCELLED:
        yield "it is cancelled when the job before it ends badly"
    if job.error_code == PREREQUISITE_FAILED and predecessor.status not in RETRYABLE and not job.deleted:
        yield "it waits again when the job before it is retried"
    if job.attempt > 0 and predecessor.status is not JobStatus.COMPLETED:
        yield "it begins when the job before it has completed"


def _of_a_step(before: JobRow, now: JobRow, new: Sequence[Event]) -> Iterator[str]:
    retried = any(event.cause in RETRIED for event in new)
    if before.status is not now.status and not new:
        yield "no move without an event"
    if now.attempt < before.attempt:
        yield "the attempts only grow"
    if now.progress < before.progress:
        yield f"progress only grows ({before.progress}, {now.progress})"
    if before.cancelling and not now.cancelling and not retried:
        yield "what was taken back stays taken back"
    if before.waiting and before.cancelling and now.status not in {PROCESSING, JobStatus.CANCELLED}:
        yield "a parent taken back ends cancelled"

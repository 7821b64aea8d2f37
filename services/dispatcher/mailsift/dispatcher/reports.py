"""What the operator's command answers: lines for people, JSON for programs; pure."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

from mailsift.shared.jobs.repository.inspecting import Cause, DeadLetter, Event, JobState, LogLine, Parts, QueueState
from mailsift.shared.jobs.states import ENDED, JobStatus

_HEADINGS = ("queue", "due", "sent", "running", "waiting", "dead", "oldest due", "paused")
_COUNTS = slice(1, 7)


class Answer(Protocol):
    """What a command found or did; a dataclass, so that it can be written as JSON."""

    @property
    def found(self) -> bool:
        """Whether there was anything that the command was asked for."""
        ...

    def lines(self) -> list[str]:
        """Say it to people."""
        ...


@dataclass(frozen=True, slots=True)
class Queues:
    """How the queues stand."""

    queues: list[QueueState]
    found = True

    def lines(self) -> list[str]:
        """Lay a table out."""
        return table([_HEADINGS, *(_row(state) for state in self.queues)])


@dataclass(frozen=True, slots=True)
class Paused:
    """A queue that is held back now."""

    queue: QueueState
    changed: bool
    found = True

    def lines(self) -> list[str]:
        """Say what goes on and what waits."""
        state = self.queue
        return [
            f"{state.queue} is paused {_pause(state)}" if self.changed else f"{state.queue} was paused {_pause(state)}",
            f"{state.running} running jobs go on to their end; {state.due} due ones wait until it is resumed",
        ]


@dataclass(frozen=True, slots=True)
class Resumed:
    """A queue that goes on now."""

    queue: QueueState
    changed: bool
    found = True

    def lines(self) -> list[str]:
        """Say what is let go."""
        state = self.queue
        return [f"{state.queue} goes on; {state.due} jobs are due" if self.changed else f"{state.queue} was not paused"]


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Dead letters, the last first, and how many there are of each kind, with those that are not listed."""

    causes: list[Cause]
    dead_letters: list[DeadLetter]

    @property
    def found(self) -> bool:
        """Whether there are any."""
        return bool(self.causes)

    def lines(self) -> list[str]:
        """List them, and sum them up."""
        counts = [(str(cause.count), cause.job_type, cause.code or "-") for cause in self.causes]
        total = sum(cause.count for cause in self.causes)
        listed = [line for letter in self.dead_letters for line in _letter(letter)]
        return [*listed, *table(counts), f"{total} dead letters, {len(self.dead_letters)} listed"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A job that was left alone, and why."""

    job_id: uuid.UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Redriven:
    """The root jobs that went back to work, or would; those left alone; and how many the limit left out."""

    dry_run: bool
    redriven: list[uuid.UUID]
    skipped: list[Skipped]
    left: int

    @property
    def found(self) -> bool:
        """Whether any was redriven."""
        return bool(self.redriven)

    def lines(self) -> list[str]:
        """List them, and sum them up."""
        word = "would be redriven" if self.dry_run else "redriven"
        return [
            *(f"{job_id}  {word}" for job_id in self.redriven),
            *(f"{skipped.job_id}  skipped: {skipped.reason}" for skipped in self.skipped),
            f"{len(self.redriven)} jobs {word}, {len(self.skipped)} skipped, {self.left} beyond the limit",
        ]


@dataclass(frozen=True, slots=True)
class Moved:
    """A job that the operator moved, or asked to end."""

    job_id: uuid.UUID
    status: JobStatus
    message: str
    found = True

    def lines(self) -> list[str]:
        """Say it in one line."""
        return [f"{self.job_id}  {self.message}"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A job that could not be moved, or shown."""

    job_id: uuid.UUID
    reason: str
    found = False

    def lines(self) -> list[str]:
        """Say why."""
        return [f"{self.job_id}: {self.reason}"]


@dataclass(frozen=True, slots=True)
class Shown:
    """The life of one job."""

    job: JobState
    parts: list[Parts]
    events: list[Event]
    log: list[LogLine]
    found = True

    def lines(self) -> list[str]:
        """Lay out what is known of the job, its parts, its history and what its attempts had to say."""
        known = [(field.name.replace("_", " "), getattr(self.job, field.name)) for field in fields(self.job)]
        return [
            *table([(name, written(value)) for name, value in known if value is not None]),
            *_block("parts", [(part.job_type, part.status, str(part.count)) for part in self.parts]),
            *_block("history", [_happened(event) for event in self.events]),
            *_block("log", [(written(line.at), str(line.attempt), line.level, line.message) for line in self.log]),
        ]


def why_not(root_status: JobStatus) -> str:
    """Say why a retry of the root would not take up a dead letter again."""
    if root_status not in ENDED:
        return f"its job is still {root_status.value}"
    if root_status is JobStatus.COMPLETED:
        return "its job has completed without it"
    if root_status is JobStatus.CANCELLED:
        return "its job was cancelled"
    return "its job failed for another reason"


def as_json(answer: Answer) -> str:
    """Write an answer as one JSON object, in the words of the API."""
    return json.dumps(_in_words_of_the_api(asdict(answer)))  # type: ignore[call-overload] # a protocol cannot say so


def _row(state: QueueState) -> tuple[str, ...]:
    counts = (state.due, state.sent, state.running, state.waiting, state.dead_letters)
    oldest = "-" if state.oldest_due_seconds is None else _age(state.oldest_due_seconds)
    return (state.queue, *map(str, counts), oldest, _pause(state) if state.paused_since else "-")


def _pause(state: QueueState) -> str:
    reason = f": {state.paused_reason}" if state.paused_reason else ""
    return f"since {written(state.paused_since)}{reason}"


def _letter(letter: DeadLetter) -> list[str]:
    part = "" if letter.root_id == letter.job_id else f"part of {letter.root_id} ({letter.root_status.value}), "
    redrive = "" if letter.redrivable else f"; redrive leaves it alone: {why_not(letter.root_status)}"
    died = f"{letter.job_type}  {letter.code or '-'}  after {letter.retry_count} failures"
    return [
        f"{letter.job_id}  {written(letter.died_at)}  {died}",
        f"    {part}workspace {letter.workspace_id}{redrive}",
        f"    {letter.message or '-'}",
    ]


def _happened(event: Event) -> tuple[str, ...]:
    return (written(event.at), str(event.attempt), event.status, event.cause, event.worker_id or "")


def _block(heading: str, rows: Sequence[Sequence[str]]) -> list[str]:
    return ["", heading, *(f"  {line}" for line in table(rows))] if rows else []


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows out in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _age(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else str(dt.timedelta(seconds=round(seconds)))


def written(value: object) -> str:
    """Write a value for people, a time to the second."""
    return f"{value:%Y-%m-%d %H:%M:%S}Z" if isinstance(value, dt.datetime) else str(value)


def _in_words_of_the_api(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(name): _in_words_of_the_api(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_words_of_the_api(one) for one in value]
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))

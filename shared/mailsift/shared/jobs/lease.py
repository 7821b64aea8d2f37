"""A worker's right to write for one job: every transaction of a handler ends at its fence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy import Connection

from mailsift.shared.errors import JobCancelled, LeaseLost, ShuttingDown
from mailsift.shared.jobs.job import Child, ClaimedJob
from mailsift.shared.jobs.repository import claiming
from mailsift.shared.jobs.repository.claiming import Beat, Waiting
from mailsift.shared.observability import tracing


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    state: Mapping[str, Any] | None = None
    processed: int | None = None


@dataclass(frozen=True, slots=True)
class _Complete:
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class _Wait:
    children: Sequence[Child]
    waiting: Waiting


class JobTransaction:
    """One transaction of a handler. Its last statement is the fence, so a long COPY never blocks the heartbeat."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ending: _Checkpoint | _Complete | _Wait = _Checkpoint()

    def checkpoint(self, state: Mapping[str, Any], processed: int | None = None) -> None:
        """Let the next attempt go on from `state` once this transaction has committed."""
        self.ending = _Checkpoint(state, processed)

    def complete(self, result: Mapping[str, Any] | None = None) -> None:
        """End the job well with this transaction."""
        self.ending = _Complete(result)

    def wait_for(self, children: Sequence[Child], waiting: Waiting) -> None:
        """Give the lease up with this transaction until `children` have ended; at least one."""
        if not children:
            raise ValueError("a job that waits needs children to wait for")
        self.ending = _Wait(children, waiting)


class Lease:
    """A claimed job while its handler runs.

    All its writes go through one connection: it is the one that the claim recorded and that the reaper ends.
    """

    def __init__(
        self, job: ClaimedJob, connection: Connection, lease_seconds: float, stopping: threading.Event
    ) -> None:
        self.job = job
        self.outcome: str | None = None
        self._connection = connection
        self._stopping = stopping
        self._lost_at: float | None = None
        self._cancelled = threading.Event()
        self._lease_seconds = lease_seconds
        self._trusted_until = time.monotonic() + lease_seconds
        self._lines: list[tuple[str, str, Mapping[str, Any]]] = []
        self._beat = Beat(job.ref.lease_token)

    def check(self) -> None:
        """Raise LeaseLost, JobCancelled or ShuttingDown when the handler must not go on; call it at safe places."""
        if self._lost_at is not None or time.monotonic() > self._trusted_until:
            raise LeaseLost
        if self._cancelled.is_set():
            raise JobCancelled
        if self._stopping.is_set():
            raise ShuttingDown

    def report(self, processed: int | None = None, *, total: int | None = None, step: str | None = None) -> None:
        """Note progress; the heartbeat writes it, at most once a second, whatever a transaction is doing."""
        last = self._beat
        self._beat = Beat(
            last.token,
            last.processed if processed is None else processed,
            last.total if total is None else total,
            last.step if step is None else step,
        )

    def log(self, level: str, message: str, **details: object) -> None:
        """Add a line to the job's log, written with the next transaction. No address or key belongs in it."""
        self._lines.append((level, message, details))

    @contextmanager
    def transaction(self) -> Iterator[JobTransaction]:
        """Open a transaction that commits only while the lease holds.

        Raises what `check` raises before it begins, LeaseLost at the fence, JobCancelled after a checkpoint.
        """
        self.check()
        with tracing.part("transaction"), self._connection.begin():
            transaction = JobTransaction(self._connection)
            yield transaction
            self._flush_log()
            cancelled = self._close(transaction.ending)
        self._lines.clear()
        if not isinstance(transaction.ending, _Checkpoint):
            self.outcome = "completed" if isinstance(transaction.ending, _Complete) else "waiting"
        elif cancelled:
            raise JobCancelled

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads, on the job's connection."""
        with self._connection.begin():
            yield self._connection

    def _close(self, ending: _Checkpoint | _Complete | _Wait) -> bool:
        match ending:
            case _Checkpoint(state, processed):
                return claiming.fence(self._connection, self.job.ref, state, processed)
            case _Complete(result):
                claiming.complete(self._connection, self.job.ref, result)
            case _Wait(children, waiting):
                claiming.wait_for_children(self._connection, self.job, children, waiting)
        return False

    def _flush_log(self) -> None:
        if self._lines:
            claiming.write_log(self._connection, self.job, self._lines)

    def give_connection_back(self, *, sound: bool) -> None:
        """Let the job's connection go: nothing more is written through this lease.

        One that is not known to be sound is closed, so that no other job gets it: should the end of this one not be
        written, the reaper ends that connection.
        """
        if not sound:
            self._connection.invalidate()
        self._connection.close()

    def pending_log(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Return the lines that no transaction has written yet."""
        return list(self._lines)

    def beat(self) -> Beat:
        """Return what the heartbeat is to write."""
        return self._beat

    def renewed(self, attempted_at: float) -> None:
        """Trust the lease for its length from the moment the renewal was *tried*, not from its answer."""
        self._trusted_until = attempted_at + self._lease_seconds

    def lose(self) -> None:
        """Tell the handler that another attempt owns the job."""
        self._lost_at = self._lost_at or time.monotonic()

    @property
    def lost_for(self) -> float:
        """The seconds since the handler had to stop: because it was told so, or because the lease was not renewed."""
        return time.monotonic() - min(self._lost_at or inf, self._trusted_until)

    def cancel(self) -> None:
        """Tell the handler that the user wants the job to end."""
        self._cancelled.set()

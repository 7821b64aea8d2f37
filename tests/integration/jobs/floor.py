"""Where the steps take place: who holds which attempt, which messages are out, and the laws after each step."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial

from hypothesis.stateful import RuleBasedStateMachine, invariant

from integration.jobs.laws import broken
from integration.jobs.parties import Holder, Parties, complete
from integration.jobs.records import JobRow, Snapshot, fingerprint, look
from mailsift.shared.errors import JobCancelled, LeaseLost
from mailsift.shared.jobs.catalog import QUEUES
from mailsift.shared.jobs.job import ClaimedJob
from mailsift.shared.jobs.lease import JobTransaction
from mailsift.shared.jobs.repository.dispatching import Hint
from mailsift.shared.jobs.retry import CANCELLED
from mailsift.shared.jobs.states import JobStatus

# Each holder has a connection.
MOST_HOLDERS = 7


class Floor(RuleBasedStateMachine):
    """Expects what each step must do; after it all laws are held to all jobs, and at last every job must end."""

    def __init__(self, parties: Parties) -> None:
        super().__init__()
        parties.clean()
        self.parties = parties
        self.now = Snapshot()
        self.messages: list[Hint] = []
        self.paused: set[str] = set()
        # Attempts whose token is in force, with a worker or without one; and attempts that lost theirs.
        self.held: dict[uuid.UUID, Holder] = {}
        self.silent: dict[uuid.UUID, Holder] = {}
        self.lost: list[ClaimedJob] = []

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self._come_to_the_end()
        finally:
            for holder in self.held.values():
                holder.leave()

    @invariant()
    def every_law_holds(self) -> None:
        live = {job_id: holder.job.ref.lease_token for job_id, holder in (self.held | self.silent).items()}
        now = look(self.parties.clock)
        laws = broken(self.now, now, live)
        assert not laws, laws
        self.now = now

    def row(self, job_id: uuid.UUID) -> JobRow:
        return self.now.jobs[job_id]

    def is_claimable(self, job_id: uuid.UUID, attempt: int) -> bool:
        job = self.row(job_id)
        return job.status is JobStatus.PENDING and job.attempt == attempt and job.queue not in self.paused

    # Dispatchers.

    def take_hints(self, most: int) -> list[Hint]:
        """Take all that is due and send so many of each queue; returns those, in the order of their jobs."""
        due = self.now.where(lambda job: job.due and not job.sent and job.queue not in self.paused)
        token = uuid.uuid4()
        hints = sorted(self.parties.take(token), key=lambda hint: self.row(hint.job_id).name)
        assert {hint.job_id for hint in hints} == {job.job_id for job in due}
        sent = [hint for queue in QUEUES for hint in [hint for hint in hints if hint.queue == queue][:most]]
        self.parties.unmark([hint for hint in hints if hint not in sent], token)
        # What the broker did not confirm may have reached it all the same.
        self.messages += hints
        return sent

    def recover(self) -> None:
        """Reap whose time is over."""
        over = self.now.where(lambda job: job.over)
        assert self.parties.reap() == len(over)
        self.lose(over)
        self.every_law_holds()
        for job in over:
            assert self.row(job.job_id).status is after_a_failure(job)

    def drain_what_was_taken_back(self) -> None:
        taken_back = self.now.where(lambda job: job.waiting and job.cancelling)
        self.parties.drain()
        self.every_law_holds()
        for job in taken_back:
            assert all(child.ended or child.cancelling for child in self.now.children(job))

    def let_time_pass(self) -> None:
        """Let what waits be due and what was sent be sent again; no count is wrong, and nobody waits in vain."""
        sent = self.now.where(lambda job: job.sent and job.status is JobStatus.PENDING)
        self.parties.time_passes()
        assert self.parties.republish() == len(sent)
        assert self.parties.mend() == 0
        self.every_law_holds()

    def clear_away(self) -> None:
        """Forget what was deleted, unless somebody waits for it: to be retried, that is. Whoever has begun does not."""
        pending = JobStatus.PENDING
        gone = self.now.where(
            lambda job: job.deleted and all(other.status is not pending for other in self.now.followers(job))
        )
        parts = [part for job in gone for part in self.now.children(job)]
        assert self.parties.clear_away() == len(gone) + len(parts)
        left = self.now.jobs.keys() - {job.job_id for job in (*gone, *parts)}
        self.now = Snapshot({job_id: job for job_id, job in self.now.jobs.items() if job_id in left})
        self.messages = [hint for hint in self.messages if hint.job_id in left]
        self.every_law_holds()

    def resume_queues(self) -> None:
        while self.paused:
            assert self.parties.resume(self.paused.pop())

    # Workers.

    def deliver(self, job_id: uuid.UUID, attempt: int) -> None:
        if len(self.held) == MOST_HOLDERS:
            return
        claimable = self.is_claimable(job_id, attempt)
        holder = self.parties.claim(job_id, attempt)
        assert (holder is not None) == claimable
        if holder is not None:
            self.held[job_id] = holder
            self.every_law_holds()

    def write(self, holder: Holder, act: Callable[[JobTransaction], None]) -> None:
        """Run one transaction of a worker, and what its runner does when that ends early."""
        before = None if holder.trusting else fingerprint(self.parties.clock)
        try:
            with holder.lease.transaction() as transaction:
                act(transaction)
        except LeaseLost:
            assert not holder.trusting
            assert fingerprint(self.parties.clock) == before
            self.falls_silent(holder)
        except JobCancelled:
            assert self.ends(holder).cancelling
            assert self.parties.release(holder.job, CANCELLED) is JobStatus.CANCELLED
        else:
            assert holder.lease.outcome == "completed" or not self.row(holder.job.ref.job_id).cancelling
            if holder.lease.outcome is not None:
                self.ends(holder)
        self.every_law_holds()

    def ends(self, holder: Holder) -> JobRow:
        """Forget a worker whose attempt is over; returns its job as it was."""
        job_id = holder.job.ref.job_id
        del self.held[job_id]
        self.lost.append(holder.job)
        holder.connection.close()
        return self.row(job_id)

    def falls_silent(self, holder: Holder) -> None:
        job_id = holder.job.ref.job_id
        self.silent[job_id] = self.held.pop(job_id)
        holder.leave()

    def lose(self, jobs: Sequence[JobRow]) -> None:
        """Take from workers what the engine has taken from them."""
        for job in jobs:
            if job.job_id in self.held:
                self.falls_silent(self.held[job.job_id])
            self.lost.append(self.silent.pop(job.job_id).job)

    # The end.

    def _come_to_the_end(self) -> None:
        self.resume_queues()
        deadline = time.monotonic() + 60
        while self.now.where(lambda job: not job.ended):
            assert time.monotonic() < deadline, self.now
            self._turn()

    def _turn(self) -> None:
        """Finish what is begun, free what is silent, and begin what is due."""
        self._finish_all()
        for job in self.now.where(lambda job: job.token is not None):
            self.parties.move_lease(job, -1)
        self.every_law_holds()
        self.recover()
        self.drain_what_was_taken_back()
        self.let_time_pass()
        for hint in self.take_hints(100):
            self.deliver(hint.job_id, hint.attempt)
            self._finish_all()

    def _finish_all(self) -> None:
        for holder in list(self.held.values()):
            self.write(holder, partial(complete, job=holder.job))


def after_a_failure(job: JobRow) -> JobStatus:
    """Say where an attempt that may be tried again takes its job."""
    if job.retry_count >= job.max_retries:
        return JobStatus.DEAD_LETTER
    return JobStatus.CANCELLED if job.cancelling else JobStatus.PENDING

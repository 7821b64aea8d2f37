"""No sequence of what users, dispatchers, workers and clocks may do breaks a law of jobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from factories import Tenant
from integration.jobs.floor import Floor, after_a_failure
from integration.jobs.parties import LEASE_SECONDS, ROOT_TYPES, Holder, Parties, complete, plan, write_result
from integration.jobs.records import JobRow, fingerprint
from mailsift.shared.errors import JobCancelled, LeaseLost, PermanentError, TransientError
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.retry import HANDED_BACK, Ending
from mailsift.shared.jobs.states import RETRYABLE, JobStatus

# A soak asks for more, as in STATE_MACHINE_EXAMPLES=5000 STATE_MACHINE_STEPS=80.
EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "60"))
STEPS = int(os.environ.get("STATE_MACHINE_STEPS", "40"))
MOST_ROOTS = 6

WHICH = st.integers(0, 11)
BAD_INPUT = PermanentError("bad_input", "the input is at fault")
AWAY = TransientError("storage_away", "the storage did not answer")
RESCHEDULED = Ending(JobStatus.PENDING, "rescheduled: busy", delay=3600)
WAYS = (
    *("finish", "finish", "fail", "fail for good", "hand back", "reschedule", "checkpoint", "crash"),
    *("beat", "beat, ahead of time", "beat, behind its time"),
)

# Score slices, whose failure fails their parent, and domain slices, whose failure does not.
PARTS = st.sampled_from(((1, 0), (2, 0), (1, 1), (3, 1), (0, 0), (0, 0)))

Item = TypeVar("Item")


def one_of(items: Sequence[Item], which: int) -> Item:
    return items[which % len(items)]


def someone_holds(floor: Floor) -> bool:
    return bool(floor.held)


class JobLife(Floor):
    """Draws the steps. Few rules with many ways each: of many rules an example would leave half out."""

    # Users.

    @initialize(job_types=st.lists(st.sampled_from(ROOT_TYPES), min_size=1, max_size=3), parts=PARTS)
    def begin(self, job_types: Sequence[JobType], parts: tuple[int, int]) -> None:
        for priority, job_type in enumerate(job_types):
            self.parties.enqueue(job_type, priority, None, 0)
        self.every_law_holds()
        if any(parts):
            self.take_and_deliver()
            self.go_on(0, parts)

    @precondition(lambda self: len(self.now.roots) < MOST_ROOTS)
    @rule(
        job_type=st.sampled_from(ROOT_TYPES),
        priority=st.integers(0, 10),
        after=st.none() | WHICH,
        hours=st.sampled_from((0, 0, 3)),
    )
    def enqueue(self, job_type: JobType, priority: int, after: int | None, hours: int) -> None:
        predecessor = one_of(self.now.roots, after) if self.now.roots and after is not None else None
        if predecessor is None:
            self.parties.enqueue(job_type, priority, None, hours)
        elif predecessor.status in RETRYABLE or predecessor.deleted:
            with pytest.raises(PermanentError, match="that this one is to wait for"):
                self.parties.enqueue(job_type, priority, predecessor.job_id, hours)
        else:
            self.parties.enqueue(job_type, priority, predecessor.job_id, hours)

    @precondition(lambda self: self.now.where(lambda job: not (job.ended or job.cancelling)))
    @rule(which=WHICH, rather=st.sampled_from(("with parts", "with a worker", "any")))
    def cancel(self, which: int, rather: str) -> None:
        waiting = [job for job in self.now.roots if job.waiting]
        held = [job for job in self.now.roots if job.token is not None]
        job = one_of({"with parts": waiting, "with a worker": held}.get(rather) or self.now.roots, which)
        said = self.parties.cancel(job.job_id)
        self.every_law_holds()
        now = self.row(job.job_id)
        assert now.status is said is (JobStatus.CANCELLED if job.status is JobStatus.PENDING else job.status)
        assert now.cancelling or job.ended

    @precondition(lambda self: self.now.where(lambda job: job.ended))
    @rule(which=WHICH, how=st.sampled_from(("retry", "retry in vain", "redrive", "delete")))
    def after_the_end(self, which: int, how: str) -> None:
        wanted = self.now.where(self._may_be_retried) if how == "retry" else []
        job = one_of(wanted or self.now.where(lambda job: job.ended), which)
        if how == "delete":
            assert self.parties.delete(job.job_id) == (job.parent_id is None and not job.deleted)
            return
        retried = self.parties.redrive(job.job_id) if how == "redrive" else self.parties.retry(job.job_id)
        assert retried == (self._may_be_retried(job) and (how != "redrive" or self._is_dead(job)))
        self.every_law_holds()
        now = self.row(job.job_id)
        assert not retried or (now.ended, now.cancelling, now.retry_count) == (False, False, 0)

    # Dispatchers and their operator.

    @precondition(lambda self: self.now.where(lambda job: job.due and not job.sent))
    @rule(most=st.integers(0, 3))
    def take(self, most: int) -> None:
        self.take_hints(most)

    @precondition(lambda self: self._chores())
    @rule(which=WHICH)
    def chore(self, which: int) -> None:
        one_of(self._chores(), which)()

    @precondition(lambda self: self._expected() and not self.paused)
    @rule(which=WHICH)
    def pause(self, which: int) -> None:
        queue = one_of(self._expected(), which).queue
        assert self.parties.pause(queue)
        self.paused.add(queue)

    # Messages.

    @precondition(lambda self: self.now.where(lambda job: job.due and not job.sent))
    @rule()
    def take_and_deliver(self) -> None:
        for hint in self.take_hints(2):
            self.deliver(hint.job_id, hint.attempt)

    @precondition(lambda self: self.messages)
    @rule(which=WHICH, off=st.sampled_from((0, 0, 0, -1, 1)))
    def deliver_again(self, which: int, off: int) -> None:
        if (expected := self._expected()) and not off:
            job = one_of(expected, which)
            self.deliver(job.job_id, job.attempt)
        else:
            hint = one_of(self.messages[::-1], which)
            self.deliver(hint.job_id, hint.attempt + off)

    # Workers.

    @precondition(someone_holds)
    @rule(which=WHICH, parts=PARTS)
    def go_on(self, which: int, parts: tuple[int, int]) -> None:
        holder = self._holder(which)
        if holder.may_plan and any(parts):
            counts = dict(zip((JobType.EMAIL_SCORING, JobType.DOMAIN_RESOLUTION), parts, strict=True))
            self.write(holder, partial(plan, phase=holder.phase, counts=counts))
        else:
            self._finish(holder)

    @precondition(someone_holds)
    @rule(which=WHICH, how=st.sampled_from(WAYS))
    def work(self, which: int, how: str) -> None:
        holder = self._holder(which)
        match how:
            case "finish":
                self._finish(holder)
            case "fail" | "fail for good":
                self._fail(holder, AWAY if how == "fail" else BAD_INPUT)
            case "hand back" | "reschedule":
                self._give_back(holder, HANDED_BACK if how == "hand back" else RESCHEDULED)
            case "checkpoint":
                self.write(holder, lambda transaction: transaction.checkpoint({"phase": holder.phase}, processed=1))
            case "crash":
                self.falls_silent(holder)
            case _:
                self._beat(holder, {"beat": 0, "beat, ahead of time": 1e6, "beat, behind its time": -1e6}[how])

    @precondition(lambda self: self.held or self.silent)
    @rule(which=WHICH, seconds_left=st.sampled_from((-1.0, -1e6, 1e6, None)))
    def skew(self, which: int, seconds_left: float | None) -> None:
        job = one_of(self.now.where(lambda job: job.token is not None), which)
        if seconds_left is None:
            self.parties.overrun(job)
        else:
            self.parties.move_lease(job, seconds_left)

    @precondition(lambda self: self.lost)
    @rule(which=WHICH, act=st.sampled_from(("checkpoint", "finish", "fan out", "fail", "give back", "beat")))
    def zombie(self, which: int, act: str) -> None:
        zombie = self.parties.rise(one_of(self.lost[::-1], which))
        before = fingerprint(self.parties.clock)
        # A phase that was planned since is refused by its keys before it comes to the fence.
        with pytest.raises((LeaseLost, IntegrityError) if act == "fan out" else LeaseLost):
            self._act(zombie, act)
        zombie.connection.close()
        assert fingerprint(self.parties.clock) == before

    # How they do it.

    def _holder(self, which: int) -> Holder:
        return one_of(list(self.held.values()), which)

    def _finish(self, holder: Holder) -> None:
        self.write(holder, partial(complete, job=holder.job))

    def _fail(self, holder: Holder, error: Exception) -> None:
        job = self.ends(holder)
        expected = JobStatus.FAILED if error is BAD_INPUT else after_a_failure(job)
        assert self.parties.fail(holder.job, error) is expected

    def _give_back(self, holder: Holder, ending: Ending) -> None:
        job = self.ends(holder)
        expected = JobStatus.CANCELLED if job.cancelling else JobStatus.PENDING
        assert self.parties.release(holder.job, ending) is expected

    def _beat(self, holder: Holder, seconds_off: float) -> None:
        self.parties.beat([holder], seconds_off)
        holder.trusting = seconds_off > -LEASE_SECONDS
        if self.row(holder.job.ref.job_id).cancelling or not holder.trusting:
            with pytest.raises(JobCancelled if holder.trusting else LeaseLost):
                holder.lease.check()

    def _expected(self) -> list[JobRow]:
        """Jobs that a message is out for."""
        out = {(hint.job_id, hint.attempt) for hint in self.messages}
        return self.now.where(lambda job: job.status is JobStatus.PENDING and (job.job_id, job.attempt) in out)

    def _chores(self) -> Sequence[Callable[[], None]]:
        """What has something to do."""
        pending = self.now.where(lambda job: job.status is JobStatus.PENDING and (job.sent or not job.due))
        chores: list[tuple[Callable[[], None], object]] = [
            (self.recover, self.now.where(lambda job: job.over)),
            (self.drain_what_was_taken_back, self.now.where(lambda job: job.waiting and job.cancelling)),
            (self.let_time_pass, pending),
            (self.resume_queues, self.paused),
            (self.clear_away, self.now.where(lambda job: job.deleted)),
            (self._silence_lasts, self.silent),
            (self._all_die_and_a_standalone_starts, len(self.held | self.silent) > 2),
        ]
        return [chore for chore, useful in chores if useful]

    def _may_be_retried(self, job: JobRow) -> bool:
        predecessor = self.now.predecessor(job)
        may_begin = predecessor is None or predecessor.status is JobStatus.COMPLETED
        return job.parent_id is None and job.status in RETRYABLE and not job.deleted and may_begin

    def _is_dead(self, job: JobRow) -> bool:
        parts = [child for child in self.now.children(job) if child.fails_parent]
        by_a_part = job.status is JobStatus.FAILED and any(part.status is JobStatus.DEAD_LETTER for part in parts)
        return by_a_part or job.status is JobStatus.DEAD_LETTER

    def _silence_lasts(self) -> None:
        for job_id in self.silent:
            self.parties.move_lease(self.row(job_id), -1)
        self.every_law_holds()
        self.recover()

    def _all_die_and_a_standalone_starts(self) -> None:
        at_work = self.now.where(lambda job: job.token is not None)
        assert self.parties.void_all_leases() == len(at_work)
        self.lose(at_work)
        self.every_law_holds()
        for job in at_work:
            assert self.row(job.job_id).status == ("cancelled" if job.cancelling else "pending")

    def _act(self, zombie: Holder, act: str) -> None:
        if act == "beat":
            self.parties.beat([zombie], 0)
            zombie.lease.check()
        elif act == "fail":
            self.parties.fail(zombie.job, AWAY)
        elif act == "give back":
            self.parties.release(zombie.job, HANDED_BACK)
        else:
            self._write(zombie, act)

    def _write(self, zombie: Holder, act: str) -> None:
        with zombie.lease.transaction() as transaction:
            write_result(transaction, zombie.job)
            if act == "finish":
                transaction.complete()
            elif act == "fan out":
                plan(transaction, zombie.phase, {JobType.EMAIL_SCORING: 1})


@pytest.fixture
def parties(owner: Engine, api: Engine, worker: Engine, dispatcher: Engine, tenant: Tenant) -> Iterator[Parties]:
    parties = Parties(owner, api, worker, dispatcher, tenant)
    yield parties
    parties.clock.close()


# What fails is made small first, which takes up to five minutes.
@pytest.mark.timeout(900 + EXAMPLES)
def test_no_sequence_of_steps_breaks_a_law_of_jobs(parties: Parties) -> None:
    class Here(JobLife):
        def __init__(self) -> None:
            super().__init__(parties)

    short = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(Here, settings=short)

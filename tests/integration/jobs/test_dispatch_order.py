from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence

import dramatiq
import pytest
from sqlalchemy import Engine, text

from factories import Tenant, make_analysis, make_export, make_tenant
from mailsift.dispatcher import relay
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject
from mailsift.shared.jobs.repository import dispatching, queueing
from mailsift.shared.plans import ALLOWANCES, Plan

QUEUE = "exporter.files"


class Backlog:
    """Jobs of several tenants, and the choice among them."""

    def __init__(self, owner: Engine, dispatcher: Engine) -> None:
        self.owner, self.dispatcher = owner, dispatcher

    def tenant(self, plan: Plan = Plan.UNLIMITED) -> Tenant:
        with self.owner.begin() as connection:
            tenant = make_tenant(connection)
            parameters = {"plan": plan.value, "id": tenant.workspace_id}
            connection.execute(text('UPDATE workspaces SET plan = :plan WHERE "workspaceId" = :id'), parameters)
        return tenant

    def add(self, tenant: Tenant, count: int = 1, *, priority: int = 0, waited: float = 0) -> list[uuid.UUID]:
        """Queue jobs that have been due for so many seconds."""
        with self.owner.begin() as connection:
            export_id = make_export(connection, tenant, make_analysis(connection, tenant, None))
            job = NewJob(
                JobType.EXPORT,
                tenant.workspace_id,
                tenant.user_id,
                Subject(export_id=export_id),
                "t",
                priority=priority,
            )
            ids = [queueing.enqueue(connection, job) for _ in range(count)]
            connection.execute(
                text("""UPDATE "jobQueue" SET "dueAt" = "dueAt" - make_interval(secs => :waited)
                        WHERE "jobId" = ANY(:ids)"""),
                {"waited": waited, "ids": ids},
            )
        return ids

    def take(self, free: int, queue: str = QUEUE) -> list[uuid.UUID]:
        with self.dispatcher.begin() as connection:
            waiters = dispatching.waiting(connection, [queue], {})
            return [hint.job_id for hint in dispatching.take(connection, {queue: free}, waiters, uuid.uuid4())]

    def one_by_one(self, count: int) -> list[uuid.UUID]:
        return [job_id for _ in range(count) for job_id in self.take(1)]


@pytest.fixture
def backlog(owner: Engine, dispatcher: Engine) -> Backlog:
    return Backlog(owner, dispatcher)


def test_of_one_workspace_the_more_urgent_job_goes_first(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    by_priority = {priority: backlog.add(tenant, priority=priority)[0] for priority in (0, 10, 3, 7)}
    assert backlog.one_by_one(4) == [by_priority[priority] for priority in (10, 7, 3, 0)]


def test_among_equals_the_one_that_waits_longest_goes_first(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    late, early = backlog.add(tenant, waited=5)[0], backlog.add(tenant, waited=50)[0]
    assert backlog.one_by_one(2) == [early, late]


def test_a_job_that_has_waited_long_enough_goes_before_a_more_urgent_one(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    urgent = backlog.add(tenant, priority=10)[0]
    not_yet = backlog.add(tenant, waited=590)[0]
    at_last = backlog.add(tenant, waited=610)[0]
    assert backlog.one_by_one(3) == [at_last, urgent, not_yet]


def test_a_small_list_is_not_held_up_by_a_large_one(backlog: Backlog) -> None:
    large, small = backlog.tenant(), backlog.tenant()
    backlog.add(large, 60, waited=600, priority=10)
    wanted = set(backlog.add(small, 5))
    assert wanted <= set(backlog.take(10))


def test_who_has_less_under_way_goes_first(backlog: Backlog) -> None:
    busy, idle = backlog.tenant(), backlog.tenant()
    backlog.add(busy, 20, waited=60)
    assert len(backlog.take(8)) == 8
    wanted = backlog.add(idle, 8)
    assert set(backlog.take(8)) == set(wanted)


def test_of_many_workspaces_each_gets_its_share(backlog: Backlog) -> None:
    tenants = [backlog.tenant() for _ in range(5)]
    owners = {job: tenant for tenant in tenants for job in backlog.add(tenant, 10)}
    shares = Counter(owners[job] for job in backlog.take(20))
    assert set(shares.values()) == {4}


def test_a_plan_limits_how_many_jobs_are_under_way(backlog: Backlog) -> None:
    limit = ALLOWANCES[Plan.FREE].running_jobs
    assert limit is not None
    free, paying = backlog.tenant(Plan.FREE), backlog.tenant(Plan.PRO)
    backlog.add(free, limit + 5, waited=60)
    assert len(backlog.take(100)) == limit
    assert backlog.take(100) == []
    assert len(backlog.add(paying, 12)) == len(backlog.take(100))
    with backlog.owner.begin() as connection:
        # One of them is claimed and still runs, one has ended: only the second makes room.
        claimed, ended = connection.scalars(
            text('SELECT "jobId" FROM "jobQueue" WHERE "workspaceId" = :id AND "dispatchedAt" IS NOT NULL LIMIT 2'),
            {"id": free.workspace_id},
        )
        connection.execute(text("""UPDATE "jobQueue" SET status = 'processing' WHERE "jobId" = :id"""), {"id": claimed})
        connection.execute(
            text("""UPDATE "jobQueue" SET status = 'completed', "dispatchedAt" = NULL WHERE "jobId" = :id"""),
            {"id": ended},
        )
    assert len(backlog.take(100)) == 1


def test_a_plan_that_is_not_known_allows_what_the_smallest_does(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    with backlog.owner.begin() as connection:
        connection.execute(text("UPDATE workspaces SET plan = 'platinum'"))
    backlog.add(tenant, 20)
    assert len(backlog.take(100)) == ALLOWANCES[Plan.FREE].running_jobs


def test_what_is_not_due_is_not_sent_whatever_its_priority(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    backlog.add(tenant, priority=10, waited=-300)
    due = backlog.add(tenant)
    assert backlog.take(10) == due


def test_a_job_for_later_waits_for_its_time(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    with backlog.owner.begin() as connection:
        export_id = make_export(connection, tenant, make_analysis(connection, tenant, None))
        now = connection.scalar(text("SELECT clock_timestamp()"))
        assert now is not None
        for seconds in (-60, 60):
            job = NewJob(
                JobType.EXPORT,
                tenant.workspace_id,
                tenant.user_id,
                Subject(export_id=export_id),
                "t",
                scheduled_for=now + dt.timedelta(seconds=seconds),
            )
            queueing.enqueue(connection, job)
    assert len(backlog.take(10)) == 1


def test_a_paused_queue_is_passed_over(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    backlog.add(tenant)
    with backlog.dispatcher.begin() as connection:
        connection.execute(text('INSERT INTO "pausedQueues" (queue) VALUES (:queue)'), {"queue": QUEUE})
    assert backlog.take(10) == []


def test_of_the_jobs_that_saw_their_workers_die_one_is_sent_at_a_time(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    suspects = set(backlog.add(tenant, 3))
    with backlog.owner.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET "errorCode" = 'worker_lost', "retryCount" = 2"""))
    others = set(backlog.add(tenant, 4))
    taken = set(backlog.take(10))
    assert others < taken
    assert len(taken & suspects) == 1
    assert backlog.take(10) == []
    with backlog.owner.begin() as connection:
        connection.execute(
            text("""UPDATE "jobQueue" SET status = 'completed', "dispatchedAt" = NULL WHERE "jobId" = ANY(:ids)"""),
            {"ids": list(taken & suspects)},
        )
    assert len(backlog.take(10)) == 1


def test_suspects_hide_no_other_job_of_their_workspace(backlog: Backlog) -> None:
    tenant = backlog.tenant()
    backlog.add(tenant, 40, waited=60)
    with backlog.owner.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET "errorCode" = 'worker_lost', "retryCount" = 2"""))
    others = set(backlog.add(tenant, 10))
    assert others < set(backlog.take(11))


def test_however_many_workspaces_wait_each_gets_its_turn(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch, dispatcher: Engine
) -> None:
    monkeypatch.setattr(relay, "_AT_ONCE", 3)
    for _ in range(7):
        backlog.add(backlog.tenant(), waited=-3600)
    youngest = backlog.tenant()
    due = backlog.add(youngest)
    sent: list[dramatiq.Message[None]] = []
    dispatching_relay = relay.Relay(dispatcher, _Collector(sent), cap=100)
    cycles = 0
    while not dispatching_relay.cycle():
        # Nobody waits for a wake-up as long as others wait for their turn.
        assert dispatching_relay.patience == 0
        cycles += 1
    assert cycles == 2
    assert [message.kwargs["job_id"] for message in sent] == [str(job_id) for job_id in due]


def test_a_full_window_does_not_send_the_look_back_to_the_first(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch, dispatcher: Engine
) -> None:
    monkeypatch.setattr(relay, "_AT_ONCE", 3)
    for _ in range(3):
        backlog.add(backlog.tenant(), 30)
    (wanted,) = backlog.add(backlog.tenant())
    sent: list[dramatiq.Message[None]] = []
    narrow = relay.Relay(dispatcher, _Collector(sent), cap=4)
    for _ in range(12):
        narrow.cycle()
        # All that was sent is claimed, and done.
        with backlog.owner.begin() as connection:
            connection.execute(
                text("""UPDATE "jobQueue" SET status = 'completed', "dispatchedAt" = NULL
                        WHERE "dispatchedAt" IS NOT NULL""")
            )
    assert str(wanted) in {message.kwargs["job_id"] for message in sent}


class _Collector:
    """Takes all hints."""

    def __init__(self, sent: list[dramatiq.Message[None]]) -> None:
        self._sent = sent

    def send(self, messages: Sequence[dramatiq.Message[None]]) -> set[str]:
        self._sent += messages
        return set()

    def close(self) -> None:
        pass


def test_only_one_dispatcher_chooses_at_a_time(backlog: Backlog) -> None:
    with backlog.dispatcher.begin() as first, backlog.dispatcher.begin() as second:
        assert dispatching.choose_alone(first)
        assert not dispatching.choose_alone(second)
    with backlog.dispatcher.begin() as third:
        assert dispatching.choose_alone(third)


def test_two_dispatchers_that_choose_at_once_send_nothing_twice(backlog: Backlog) -> None:
    backlog.add(backlog.tenant(), 30)
    with backlog.dispatcher.begin() as first:
        waiters = dispatching.waiting(first, [QUEUE], {})
        one = dispatching.take(first, {QUEUE: 20}, waiters, uuid.uuid4())
        with backlog.dispatcher.begin() as second:
            other = dispatching.take(second, {QUEUE: 20}, waiters, uuid.uuid4())
    assert len(one) == 20
    assert not {hint.job_id for hint in one} & {hint.job_id for hint in other}

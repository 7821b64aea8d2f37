from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from sqlalchemy import Engine, text

from engines import Engines, done, fail
from factories import make_analysis, make_export, make_tenant
from mailsift.dispatcher.reconciler import settle_followers
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.jobs.states import JobStatus


class Chain:
    """A job and those that wait for it, one behind the other."""

    def __init__(self, engines: Engines, owner: Engine) -> None:
        self.engines, self.owner = engines, owner

    def follow(self, after: uuid.UUID, scheduled_for: dt.datetime | None = None) -> uuid.UUID:
        tenant = self.engines.tenant
        with self.owner.begin() as connection:
            export_id = make_export(connection, tenant, make_analysis(connection, tenant, None))
        job = NewJob(
            JobType.EXPORT,
            tenant.workspace_id,
            tenant.user_id,
            Subject(export_id=export_id),
            "trace",
            after_job_id=after,
            scheduled_for=scheduled_for,
        )
        with tenant_transaction(self.engines.api, tenant.workspace_id) as connection:
            return queueing.enqueue(connection, job)

    def state(self, job_id: uuid.UUID) -> tuple[str, bool, str | None]:
        """Its status, whether it is due, and why it ended."""
        with self.owner.begin() as connection:
            query = text(
                """SELECT status, "dueAt" <= clock_timestamp(), "errorCode" FROM "jobQueue" WHERE "jobId" = :id"""
            )
            row = connection.execute(query, {"id": job_id}).one()
            return row[0], row[1], row[2]

    def exports(self) -> list[str]:
        with self.owner.begin() as connection:
            return list(connection.scalars(text("SELECT status FROM exports")))


@pytest.fixture
def chain(engines: Engines, owner: Engine) -> Chain:
    return Chain(engines, owner)


def test_a_job_begins_when_the_one_it_waits_for_has_completed(chain: Chain) -> None:
    follower = chain.follow(chain.engines.job_id)
    assert chain.state(follower) == ("pending", False, None)
    chain.engines.run(done)
    assert chain.state(follower) == ("pending", True, None)
    assert chain.engines.run(done, follower)["status"] == "completed"


def test_a_job_behind_one_that_has_completed_begins_at_once(chain: Chain) -> None:
    chain.engines.run(done)
    assert chain.state(chain.follow(chain.engines.job_id)) == ("pending", True, None)


def test_a_chain_ends_with_the_job_that_fails_and_a_retry_puts_all_of_it_back(chain: Chain) -> None:
    second = chain.follow(chain.engines.job_id)
    third = chain.follow(second)
    chain.engines.run(fail(PermanentError("empty_file", "the file is empty")))
    assert chain.state(second) == chain.state(third) == ("cancelled", False, "prerequisite_failed")
    assert chain.exports() == ["cancelled", "cancelled"]
    assert chain.engines.retry()
    assert chain.state(second) == chain.state(third) == ("pending", False, None)
    for job in (chain.engines.job_id, second, third):
        assert chain.engines.run(done, job)["status"] == "completed"
    assert chain.exports() == ["completed", "completed"]


def test_a_cancelled_job_takes_those_behind_it_along(chain: Chain) -> None:
    follower = chain.follow(chain.engines.job_id)
    assert chain.engines.cancel() is JobStatus.CANCELLED
    assert chain.state(follower)[0] == "cancelled"


def test_one_that_its_user_took_back_is_not_put_back_with_the_others(chain: Chain) -> None:
    follower = chain.follow(chain.engines.job_id)
    with tenant_transaction(chain.engines.api, chain.engines.tenant.workspace_id) as connection:
        queueing.request_cancel(connection, follower)
    chain.engines.run(fail(PermanentError("empty_file", "the file is empty")))
    chain.engines.retry()
    assert chain.state(follower) == ("cancelled", False, None)


def test_one_that_waits_is_retried_with_the_one_it_waits_for_and_not_by_itself(chain: Chain) -> None:
    engines = chain.engines
    follower = chain.follow(engines.job_id)
    engines.run(fail(PermanentError("empty_file", "the file is empty")))

    def retry() -> bool:
        with tenant_transaction(engines.api, engines.tenant.workspace_id) as connection:
            return queueing.retry(connection, follower)

    assert not retry()
    engines.retry()
    with tenant_transaction(engines.api, engines.tenant.workspace_id) as connection:
        queueing.request_cancel(connection, follower)
    assert not retry()
    engines.run(done)
    assert retry()
    assert chain.state(follower) == ("pending", True, None)


def test_one_for_later_waits_for_its_time_too(chain: Chain) -> None:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    follower = chain.follow(chain.engines.job_id, scheduled_for=tomorrow)
    chain.engines.run(done)
    assert chain.state(follower) == ("pending", False, None)
    with chain.owner.begin() as connection:
        due_at = text('SELECT "dueAt" FROM "jobQueue" WHERE "jobId" = :id')
        assert connection.scalar(due_at, {"id": follower}) == tomorrow


def test_nobody_waits_for_a_job_that_has_failed_or_does_not_exist(chain: Chain) -> None:
    with pytest.raises(PermanentError, match="does not exist"):
        chain.follow(uuid.uuid4())
    chain.engines.run(fail(PermanentError("empty_file", "the file is empty")))
    with pytest.raises(PermanentError, match="is failed") as refused:
        chain.follow(chain.engines.job_id)
    assert refused.value.code == "prerequisite_failed"


def test_a_stranger_s_job_does_not_exist(chain: Chain) -> None:
    with chain.owner.begin() as connection:
        stranger = make_tenant(connection, "Stranger")
    chain.engines.tenant = stranger
    with pytest.raises(PermanentError, match="does not exist"):
        chain.follow(chain.engines.job_id)


def test_a_job_that_completes_while_another_lines_up_behind_it_lets_it_begin(chain: Chain) -> None:
    engines = chain.engines
    for _ in range(10):
        first = chain.follow(engines.job_id) if engines.row()["status"] == "completed" else engines.job_id
        followers: list[uuid.UUID] = []
        barrier = threading.Barrier(2)

        def line_up(first: uuid.UUID = first, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            followers.append(chain.follow(first))  # noqa: B023 - joined below

        thread = threading.Thread(target=line_up)
        thread.start()
        barrier.wait()
        engines.run(done, first)
        thread.join()
        assert chain.state(followers[0]) == ("pending", True, None)


def test_the_reconciler_frees_those_whose_predecessor_ended_unnoticed(chain: Chain) -> None:
    follower = chain.follow(chain.engines.job_id)
    with chain.owner.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET "hasFollowers" = false"""))
    chain.engines.run(done)
    assert chain.state(follower) == ("pending", False, None)
    assert settle_followers(chain.engines.dispatcher) == 1
    assert chain.state(follower) == ("pending", True, None)
    assert settle_followers(chain.engines.dispatcher) == 0

"""The judges can see: every misdeed that a scenario looks for is noticed when it is done on purpose."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text

from chaos.census import Figures
from chaos.rig import Rig
from mailsift.shared.jobs.job import ClaimedJob
from mailsift.shared.jobs.repository import claiming

CLEAN = Figures(lost=0, finalised_twice=0, stale_writes=0, rows_missing=0, rows_doubled=0)


@contextmanager
def worker(rig: Rig, name: str) -> Iterator[Connection]:
    engine = create_engine(rig.worker_url(name))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def claim(connection: Connection, job: uuid.UUID, attempt: int = 0) -> ClaimedJob:
    with connection.begin():
        claimed = claiming.claim(connection, job, attempt, "test", 60)
    assert claimed is not None
    return claimed


def write(connection: Connection, job: ClaimedJob, *numbers: int) -> None:
    for number in numbers:
        connection.execute(
            text('INSERT INTO chaos.rows ("jobId", subject, number, attempt) VALUES (:job, :subject, :number, 1)'),
            {"job": job.ref.job_id, "subject": job.subject.upload(), "number": number},
        )


def take_away(rig: Rig, job: uuid.UUID) -> None:
    rig.rows(
        """UPDATE "jobQueue" SET status = 'pending', "leaseToken" = NULL WHERE "jobId" = :job RETURNING 1""", job=job
    )


def test_what_is_done_under_a_lease_is_in_order(rig: Rig) -> None:
    job = rig.load.rows(2)
    with worker(rig, "one") as one:
        claimed = claim(one, job)
        with one.begin():
            write(one, claimed, 1)
            claiming.fence(one, claimed.ref, None, 1)
        with one.begin():
            write(one, claimed, 2)
            claiming.complete(one, claimed.ref, None)
    assert rig.census() == CLEAN


def test_a_job_that_did_not_end_and_its_rows_are_missed(rig: Rig) -> None:
    rig.load.rows(3)
    figures = rig.census()
    assert (figures.lost, figures.rows_missing) == (1, 3)


def test_a_row_that_is_there_twice_is_noticed(rig: Rig) -> None:
    job = rig.load.rows(2)
    with worker(rig, "one") as one:
        claimed = claim(one, job)
        with one.begin():
            write(one, claimed, 1, 1)
            claiming.complete(one, claimed.ref, None)
    figures = rig.census()
    assert (figures.rows_doubled, figures.rows_missing) == (1, 1)


def test_rows_without_a_fence_are_stale(rig: Rig) -> None:
    job = rig.load.rows(1)
    with worker(rig, "one") as one, worker(rig, "two") as two:
        old = claim(one, job)
        take_away(rig, job)
        new = claim(two, job, attempt=1)
        with one.begin():
            write(one, old, 1)
        with two.begin():
            claiming.complete(two, new.ref, None)
    assert rig.census().stale_writes == 1


def test_an_end_by_one_whose_lease_was_taken_away_is_stale_and_a_second_end(rig: Rig) -> None:
    job = rig.load.rows(0)
    by_id = text("""UPDATE "jobQueue" SET status = 'completed' WHERE "jobId" = :job""")
    with worker(rig, "one") as one, worker(rig, "two") as two:
        claim(one, job)
        take_away(rig, job)
        new = claim(two, job, attempt=1)
        with one.begin():
            one.execute(by_id, {"job": job})
        assert rig.census().stale_writes == 1
        take_away(rig, job)
        new = claim(two, job, attempt=2)
        with two.begin():
            claiming.complete(two, new.ref, None)
    assert rig.census().finalised_twice == 1


def test_rows_over_another_connection_than_the_claim_recorded_are_stale(rig: Rig) -> None:
    job = rig.load.rows(1)
    with worker(rig, "one") as first, worker(rig, "one") as second:
        claimed = claim(first, job)
        with second.begin():
            write(second, claimed, 1)
            claiming.complete(second, claimed.ref, None)
    assert rig.census().stale_writes == 1

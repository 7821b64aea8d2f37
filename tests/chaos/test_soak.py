"""The judge of a soak can see: every misdeed is counted when it is done on purpose, and what was judged is gone."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from chaos import rig
from chaos.rig import ensure_template
from chaos.soak.judge import GATES, LEDGER, Judge
from chaos.soak.work import Customer, note
from conftest import TEMPLATE
from factories import enqueue, make_tenant, make_upload
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import ClaimedJob, Subject
from mailsift.shared.jobs.repository import claiming, queueing
from mailsift.shared.plans import Plan
from mailsift.shared.storage import Storage
from servers import PostgreSQL


class Bench:
    """A database with a ledger, and hands to do right and wrong in it."""

    def __init__(self, postgresql: PostgreSQL, database: str, folder: Path) -> None:
        self.eye = create_engine(postgresql.url(database))
        # The journal knows workers by the names that they log in with.
        self._workers = create_engine(postgresql.url(database, f"{database}_one"))
        with self.eye.begin() as connection:
            connection.exec_driver_sql(LEDGER.read_text())
            self._customer = Customer(make_tenant(connection, plan=Plan.UNLIMITED), Plan.UNLIMITED)
        self.judge = Judge(self.eye, Storage((folder / "objects").as_uri()), quiet_seconds=3600)

    def close(self) -> None:
        self.eye.dispose()
        self._workers.dispose()

    def ask(self, rows: int = 1) -> uuid.UUID:
        with self.user() as connection:
            upload = make_upload(connection, self._customer.tenant)
            job = enqueue(connection, self._customer.tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload))
            note(connection, self._customer, job, upload, "rows", rows)
        return job

    @contextmanager
    def user(self) -> Iterator[Connection]:
        with tenant_transaction(self.eye, self._customer.tenant.workspace_id) as connection:
            yield connection

    def worker(self) -> Connection:
        return self._workers.connect()

    def work(self, job: uuid.UUID, rows: int = 1, attempt: int = 0) -> None:
        with self.worker() as one:
            claimed = claim(one, job, attempt)
            with one.begin():
                write(one, claimed, rows)
                claiming.complete(one, claimed.ref, None)

    def verdict(self) -> Counter[str]:
        self.judge.finish()
        totals = self.judge.totals()
        return +Counter({gate: totals[gate] for gate in GATES})

    def left(self) -> int:
        tables = ("asked", "moves", "claims", "rows", "writes", "fences")
        with self.eye.begin() as connection:
            return sum(connection.scalar(text(f"SELECT count(*) FROM chaos.{table}")) or 0 for table in tables)


@pytest.fixture
def bench(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Bench]:
    ensure_template(postgresql, TEMPLATE)
    database = f"soak_{uuid.uuid4().hex[:8]}"
    postgresql.execute(f"CREATE DATABASE {database} TEMPLATE {rig.TEMPLATE}")
    postgresql.execute(f"CREATE ROLE {database}_one LOGIN BYPASSRLS IN ROLE mailsift_worker")
    bench = Bench(postgresql, database, tmp_path)
    yield bench
    bench.close()
    postgresql.execute(f"DROP DATABASE {database} WITH (FORCE)")
    postgresql.execute(f"DROP ROLE {database}_one")


def claim(connection: Connection, job: uuid.UUID, attempt: int) -> ClaimedJob:
    with connection.begin():
        claimed = claiming.claim(connection, job, attempt, "test", 60)
    assert claimed is not None
    return claimed


def write(connection: Connection, job: ClaimedJob, rows: int) -> None:
    connection.execute(
        text("""INSERT INTO chaos.rows ("jobId", subject, number, attempt)
                SELECT :job, :subject, number, 1 FROM generate_series(1, :rows) AS number"""),
        {"job": job.ref.job_id, "subject": job.subject.upload(), "rows": rows},
    )


def test_what_went_well_is_no_fault_and_is_cleared_away(bench: Bench) -> None:
    bench.work(bench.ask(rows=3), rows=3)
    assert bench.verdict() == Counter()
    assert bench.judge.totals()["jobs"] == 1
    assert bench.left() == 0


def test_what_has_not_been_over_for_long_enough_is_not_judged_yet(bench: Bench) -> None:
    bench.work(bench.ask())
    bench.judge.turn()
    assert bench.judge.totals()["jobs"] == 0


def test_a_job_that_never_ended_is_lost(bench: Bench) -> None:
    bench.ask()
    assert bench.verdict() == Counter(lost=1)


def test_rows_that_are_missing_or_too_many_are_counted(bench: Bench) -> None:
    bench.work(bench.ask(rows=5), rows=3)
    bench.work(bench.ask(rows=5), rows=6)
    assert bench.verdict() == Counter(rows_missing=2, rows_doubled=1)


def test_a_retry_that_a_user_asked_for_is_no_second_end(bench: Bench) -> None:
    job = bench.ask()
    with bench.user() as connection:
        queueing.request_cancel(connection, job)
    with bench.user() as connection:
        assert queueing.retry(connection, job)
        connection.execute(text("UPDATE chaos.asked SET retries = 1"))
    bench.work(job)
    assert bench.verdict() == Counter()


def test_a_retry_that_nobody_asked_for_is_a_second_end(bench: Bench) -> None:
    job = bench.ask()
    with bench.user() as connection:
        queueing.request_cancel(connection, job)
        queueing.retry(connection, job)
    bench.work(job)
    assert bench.verdict() == Counter(finalised_twice=1)


def test_an_end_after_the_judgement_is_a_second_end(bench: Bench) -> None:
    job = bench.ask()
    bench.work(job)
    bench.judge.finish()
    with bench.user() as connection:
        for status in ("pending", "completed"):
            connection.execute(
                text("""UPDATE "jobQueue" SET status = :status, "leaseToken" = NULL WHERE "jobId" = :job"""),
                {"status": status, "job": job},
            )
    assert bench.verdict() == Counter(finalised_twice=1)


def test_rows_of_one_who_does_not_hold_the_lease_are_stale(bench: Bench) -> None:
    job = bench.ask(rows=2)
    with bench.worker() as one:
        claimed = claim(one, job, 0)
        with one.begin():
            write(one, claimed, 1)
    assert bench.verdict() == Counter(lost=1, stale_writes=1)

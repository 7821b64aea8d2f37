"""What a soak asks for: jobs of all kinds, for workspaces of all plans, at a steady pace; some are taken back."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from chaos import lists
from factories import Tenant, enqueue, make_upload
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.jobs.repository.requesting import (
    AT_ONCE,
    NewAnalysis,
    NewExport,
    Requester,
    Turn,
    open_analysis,
    open_export,
    open_single_analysis,
)
from mailsift.shared.jobs.states import JobStatus
from mailsift.shared.plans import Plan
from mailsift.shared.storage import Storage
from mailsift.shared.verdicts import FileType

_NOTE = text("""
    INSERT INTO chaos.asked ("jobId", after, subject, kind, rows, plan, endings)
    VALUES (:job, :after, :subject, :kind, :rows, :plan, :endings)""")

# Whoever waits for a job shares its fate.
_CHAIN = """
    WITH RECURSIVE chain AS (
        SELECT "jobId" FROM chaos.asked WHERE "jobId" = :job
        UNION ALL SELECT a."jobId" FROM chaos.asked a JOIN chain c ON a.after = c."jobId"
    )"""
_MAY_BE_CANCELLED = text(f"""{_CHAIN}
    UPDATE chaos.asked SET endings = ARRAY['completed', 'cancelled'] WHERE "jobId" IN (SELECT "jobId" FROM chain)""")
_MUST_COMPLETE = text(f"""{_CHAIN}
    UPDATE chaos.asked SET endings = ARRAY['completed'], retries = retries + 1
    WHERE "jobId" IN (SELECT "jobId" FROM chain)""")

# Done not long ago, so that it is not judged, and not cleared away, before what is made of it.
_DONE = text("""
    SELECT "workspaceId", subject, rows FROM chaos.asked JOIN "jobQueue" USING ("jobId")
    WHERE kind = :kind AND status = 'completed' AND at > clock_timestamp() - interval '3 minutes'
    ORDER BY random() LIMIT 30""")

_FEW_TRIES = text('UPDATE "jobQueue" SET "maxRetries" = 2 WHERE "jobId" = :job')

_ASKERS = 3
_LATE_SECONDS = 1.0
_CANCELLED_SHARE = 0.05
_RETRIED_SHARE = 0.5
_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Customer:
    """Who asks, and on which plan."""

    tenant: Tenant
    plan: Plan


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was made and that something can be made of."""

    customer: Customer
    subject: uuid.UUID
    rows: int


# How often each kind is asked for, and how many jobs that is with all its parts.
_MIX: Mapping[str, tuple[int, float]] = {
    "rows": (29, 1),
    "slow": (1, 1),
    "single": (25, 1),
    "upload": (12, 1),
    "analysis": (12, 2.2),
    "export": (9, 1),
    "chain": (3, 4.2),
}
_JOBS_PER_ASK = sum(share * jobs for share, jobs in _MIX.values()) / sum(share for share, _ in _MIX.values())


class Work:
    """Asks, as long as not too much is open, and counts what the database confirmed."""

    def __init__(  # noqa: PLR0917 - what a crowd of users is made of
        self,
        api: Engine,
        eye: Engine,
        storage: Storage,
        customers: Sequence[Customer],
        dice: random.Random,
        rate: float,
    ) -> None:
        self.accepted = 0
        self.refused = 0
        self.last_refusal = ""
        self.held_seconds = 0.0
        self.hold = threading.Event()
        self._api = api
        self._eye = eye
        self._storage = storage
        self._customers = {customer.tenant.workspace_id: customer for customer in customers}
        self._dice = dice
        self._gap = 60 * _JOBS_PER_ASK / rate
        self._next = time.monotonic()
        self._recent: deque[tuple[Customer, uuid.UUID]] = deque(maxlen=40)
        self._cancelled: deque[tuple[Customer, uuid.UUID]] = deque(maxlen=40)
        self._done: dict[str, tuple[float, list[Done]]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_ASKERS)]
        self.error: Exception | None = None

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask for no more; raises what went wrong."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        while not self._over.wait(self._turn()):
            if self.hold.is_set():
                self._count(held=0.1)
                self._over.wait(0.1)
                continue
            try:
                self._ask()
            except SQLAlchemyError as error:
                # The database is away or has let go of us: a user comes again.
                self._count(refused=1)
                self.last_refusal = str(error)[:300]
                self._over.wait(0.5)
            except Exception as error:  # noqa: BLE001 - raised when the work is stopped
                self.error = error
                return

    def _turn(self) -> float:
        """Return how long until it is time for the next; what is late by more than a moment is left out."""
        with self._lock:
            now = time.monotonic()
            self._next = max(self._next + self._gap, now - _LATE_SECONDS)
            return max(0.0, self._next - now)

    def _count(self, *, accepted: int = 0, refused: int = 0, held: float = 0) -> None:
        with self._lock:
            self.accepted += accepted
            self.refused += refused
            self.held_seconds += held / _ASKERS

    def _ask(self) -> None:
        asks: Mapping[str, Callable[[], int]] = {
            "rows": self._ask_for_rows,
            "slow": self._ask_for_slow_rows,
            "single": self._ask_for_single,
            "upload": lambda: self._upload(chain=False),
            "chain": lambda: self._upload(chain=True),
            "analysis": self._ask_for_analysis,
            "export": self._ask_for_export,
        }
        with self._lock:
            kind = self._dice.choices(list(_MIX), [share for share, _ in _MIX.values()])[0]
        self._count(accepted=asks[kind]())
        if self._recent and self._dice.random() < _CANCELLED_SHARE:
            self._cancel()
        if self._cancelled and self._dice.random() < _CANCELLED_SHARE * _RETRIED_SHARE:
            self._retry()

    def _ask_for_rows(self) -> int:
        rows = self._dice.choice([1, 1, 5, 20])
        payload = {"rows": rows, "piece": 5, "seconds": self._dice.choice([0, 0, 0.02, 0.2]), "inside": False}
        self._write_rows(self._somebody(), "rows", rows, {**payload, "poison": False})
        return 1

    def _ask_for_slow_rows(self) -> int:
        """Something that runs long enough to be hit, and has many pieces to be taken up at."""
        payload = {"rows": 40, "piece": 4, "seconds": 0.5, "inside": self._dice.random() < 0.5, "poison": False}
        self._write_rows(self._somebody(), "rows", 40, payload)
        return 1

    def poison(self) -> uuid.UUID:
        """Ask for a job that kills every worker that it meets."""
        payload = {"rows": 1, "piece": 1, "seconds": 0, "inside": False, "poison": True}
        job = self._write_rows(self._somebody(), "poison", 0, payload)
        self._count(accepted=1)
        return job

    def _write_rows(self, customer: Customer, kind: str, rows: int, payload: Mapping[str, object]) -> uuid.UUID:
        with self._transaction(customer) as connection:
            upload = make_upload(connection, customer.tenant)
            subject = Subject(upload_id=upload)
            job = enqueue(connection, customer.tenant, JobType.FILE_PROCESSING, subject, **payload)
            if kind == "poison":
                connection.execute(_FEW_TRIES, {"job": job})
            note(connection, customer, job, upload, kind, rows)
        if kind != "poison":
            self._recent.append((customer, job))
        return job

    def _ask_for_single(self) -> int:
        customer = self._somebody()
        later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._dice.uniform(0, 10))
        turn = self._dice.choice([AT_ONCE, AT_ONCE, Turn(priority=self._dice.randrange(11)), Turn(scheduled_for=later)])
        with self._transaction(customer) as connection:
            address = lists.address(self._dice.choice([0, 1, 2, 3, 4]))
            opened = open_single_analysis(connection, _requester(customer), address, turn)
            note(connection, customer, opened.job_id, opened.id, "single", 1)
        self._recent.append((customer, opened.job_id))
        return 1

    def _upload(self, *, chain: bool) -> int:
        customer, rows = self._somebody(), self._length()
        stored = self._storage.write(f"uploads/{uuid.uuid4().hex}.csv", [lists.content(rows)])
        with self._transaction(customer) as connection:
            upload = make_upload(connection, customer.tenant, stored.key)
            connection.execute(
                text('UPDATE uploads SET "fileSize" = :size WHERE "uploadId" = :id'),
                {"size": stored.size, "id": upload},
            )
            job = enqueue(connection, customer.tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload))
            note(connection, customer, job, upload, "upload", rows)
            if chain:
                self._follow(connection, customer, job, upload, rows)
        self._recent.append((customer, job))
        return 3 if chain else 1

    def _follow(self, connection: Connection, customer: Customer, job: uuid.UUID, upload: uuid.UUID, rows: int) -> None:
        analysis = open_analysis(connection, _requester(customer), NewAnalysis(upload), Turn(after_job_id=job))
        note(connection, customer, analysis.job_id, analysis.id, "analysis", rows, job)
        new = NewExport(analysis.id, "list.csv", FileType.CSV)
        export = open_export(connection, _requester(customer), new, Turn(after_job_id=analysis.job_id))
        note(connection, customer, export.job_id, export.id, "export", rows, analysis.job_id)

    def _ask_for_analysis(self) -> int:
        upload = self._something_done("upload")
        if upload is None:
            return self._ask_for_rows()
        with self._transaction(upload.customer) as connection:
            opened = open_analysis(connection, _requester(upload.customer), NewAnalysis(upload.subject))
            note(connection, upload.customer, opened.job_id, opened.id, "analysis", upload.rows)
        self._recent.append((upload.customer, opened.job_id))
        return 1

    def _ask_for_export(self) -> int:
        analysis = self._something_done("analysis")
        if analysis is None:
            return self._ask_for_rows()
        with self._transaction(analysis.customer) as connection:
            new = NewExport(analysis.subject, "list.csv", FileType.CSV)
            opened = open_export(connection, _requester(analysis.customer), new)
            note(connection, analysis.customer, opened.job_id, opened.id, "export", analysis.rows)
        self._recent.append((analysis.customer, opened.job_id))
        return 1

    def _cancel(self) -> None:
        customer, job = self._dice.choice([self._recent[-1], self._recent[0]])
        with self._transaction(customer) as connection:
            status = queueing.request_cancel(connection, job)
            if status in {JobStatus.CANCELLED, JobStatus.PROCESSING}:
                connection.execute(_MAY_BE_CANCELLED, {"job": job})
        self._cancelled.append((customer, job))

    def _retry(self) -> None:
        customer, job = self._cancelled.popleft()
        with self._transaction(customer) as connection:
            if queueing.retry(connection, job):
                connection.execute(_MUST_COMPLETE, {"job": job})

    def _something_done(self, kind: str) -> Done | None:
        looked, found = self._done.get(kind, (0.0, []))
        if time.monotonic() - looked > _LOOK_SECONDS:
            with self._eye.begin() as connection:
                rows = connection.execute(_DONE, {"kind": kind}).all()
            found = [Done(self._customers[workspace], subject, size) for workspace, subject, size in rows]
            self._done[kind] = (time.monotonic(), found)
        return self._dice.choice(found) if found else None

    def _somebody(self) -> Customer:
        return self._dice.choice(list(self._customers.values()))

    def _length(self) -> int:
        """Most lists are short; some have several slices of everything."""
        return self._dice.choices([self._dice.randrange(1, 300), 2_000, 20_000], [944, 50, 6])[0]

    def _transaction(self, customer: Customer) -> AbstractContextManager[Connection]:
        return tenant_transaction(self._api, customer.tenant.workspace_id)


def _requester(customer: Customer) -> Requester:
    return Requester(customer.tenant.workspace_id, customer.tenant.user_id, uuid.uuid4().hex)


def note(  # noqa: PLR0917 - a line of the ledger
    connection: Connection,
    customer: Customer,
    job: uuid.UUID,
    subject: uuid.UUID,
    kind: str,
    rows: int,
    after: uuid.UUID | None = None,
) -> None:
    endings = [JobStatus.DEAD_LETTER.value if kind == "poison" else JobStatus.COMPLETED.value]
    line = {"job": job, "after": after, "subject": subject, "kind": kind, "rows": rows, "plan": customer.plan.value}
    connection.execute(_NOTE, {**line, "endings": endings})

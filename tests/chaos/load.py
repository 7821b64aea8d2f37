"""The work of a scenario: put into the queue as the API does it, and noted once it was accepted."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from chaos import lists
from factories import Tenant, enqueue, make_analysis, make_export, make_upload
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.states import ENDED, JobStatus
from mailsift.shared.storage import Storage

Result = TypeVar("Result")

# A database that is away for longer than a lease at production's times, on a machine that has much to do.
_PATIENCE = 300.0

# A hundred who wait must not be the greatest load that there is.
_LOOK_SECONDS = 0.5

Put = tuple[uuid.UUID, uuid.UUID]
"""A subject and its job."""


@dataclass(slots=True)
class Accepted:
    """What a scenario has been promised: every job with how it must end, every subject with its rows."""

    jobs: dict[uuid.UUID, JobStatus] = field(default_factory=dict)
    uploads: dict[uuid.UUID, int] = field(default_factory=dict)
    analyses: dict[uuid.UUID, int] = field(default_factory=dict)
    exports: dict[uuid.UUID, int] = field(default_factory=dict)
    rows: dict[uuid.UUID, int] = field(default_factory=dict)
    """Rows that a job of the scenarios' own worker writes."""


class Load:
    """A workspace that asks for work."""

    def __init__(self, api: Engine, tenant: Tenant, storage: Storage) -> None:
        self.accepted = Accepted()
        self._api = api
        self._tenant = tenant
        self._storage = storage
        self._users: list[_User] = []

    def upload(self, rows: int) -> Put:
        """Upload a list and have it loaded."""
        stored = self._storage.write(f"uploads/{uuid.uuid4().hex}.csv", [lists.content(rows)])

        def put(connection: Connection) -> Put:
            upload = make_upload(connection, self._tenant, stored.key)
            connection.execute(
                text('UPDATE uploads SET "fileSize" = :size WHERE "uploadId" = :id'),
                {"size": stored.size, "id": upload},
            )
            return upload, enqueue(connection, self._tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload))

        upload, job = self._accept(put)
        self.accepted.uploads[upload] = rows
        return upload, job

    def analysis(self, upload: uuid.UUID) -> Put:
        """Have a loaded list analysed."""

        def put(connection: Connection) -> Put:
            analysis = make_analysis(connection, self._tenant, upload)
            subject = Subject(analysis_id=analysis)
            return analysis, enqueue(connection, self._tenant, JobType.ADVANCED_ANALYSIS, subject)

        analysis, job = self._accept(put)
        self.accepted.analyses[analysis] = self.accepted.uploads[upload]
        return analysis, job

    def export(self, analysis: uuid.UUID) -> Put:
        """Have an analysis made a file."""

        def put(connection: Connection) -> Put:
            export = make_export(connection, self._tenant, analysis)
            return export, enqueue(connection, self._tenant, JobType.EXPORT, Subject(export_id=export))

        export, job = self._accept(put)
        self.accepted.exports[export] = self.accepted.analyses[analysis]
        return export, job

    def rows(
        self, rows: int, *, piece: int = 1, seconds: float = 0, inside: bool = False, poison: bool = False
    ) -> uuid.UUID:
        """A job of the scenarios' own worker: so many rows, piece by piece, resting after each or `inside` of each.

        The poisoned one kills the process that runs it, so it must end as a dead letter, and without rows.
        """

        payload = {"rows": rows, "piece": piece, "seconds": seconds, "inside": inside, "poison": poison}
        _, job = self._accept(lambda connection: self._put_rows(connection, payload))
        self.accepted.rows[job] = 0 if poison else rows
        if poison:
            self.accepted.jobs[job] = JobStatus.DEAD_LETTER
        return job

    def crowd(self, jobs: int) -> None:
        """So many jobs of one row each, all in one transaction."""
        payload = {"rows": 1, "piece": 1, "seconds": 0, "inside": False, "poison": False}
        made: list[Put] = []

        def put(connection: Connection) -> Put:
            made[:] = [self._put_rows(connection, payload) for _ in range(jobs)]
            return made[-1]

        self._accept(put)
        for _, job in made:
            self.accepted.jobs[job] = JobStatus.COMPLETED
            self.accepted.rows[job] = 1

    def _put_rows(self, connection: Connection, payload: Mapping[str, object]) -> Put:
        upload = make_upload(connection, self._tenant)
        subject = Subject(upload_id=upload)
        return upload, enqueue(connection, self._tenant, JobType.FILE_PROCESSING, subject, **payload)

    def users(self, count: int, rows: int) -> None:
        """Let so many users each upload a list, analyse it when it is loaded, and export it when it is analysed."""
        for _ in range(count):
            user = _User(self, rows)
            self._users.append(user)
            user.start()

    @property
    def travelling(self) -> bool:
        """Whether users have something left to ask for; raises what went wrong with one of them."""
        for user in self._users:
            if user.error is not None:
                raise user.error
        return any(user.is_alive() for user in self._users)

    def leave(self) -> None:
        """Have the users ask for nothing more."""
        for user in self._users:
            user.leaving.set()
        for user in self._users:
            user.join()

    def status(self, job: uuid.UUID) -> JobStatus:
        """Look how a job stands, as its user does."""

        def look(connection: Connection) -> JobStatus:
            statement = text('SELECT status FROM "jobQueue" WHERE "jobId" = :id')
            return JobStatus(connection.execute(statement, {"id": job}).scalar_one())

        return _patiently(lambda: self._transaction(look))

    def has_ended(self, job: uuid.UUID) -> bool:
        return self.status(job) in ENDED

    def _accept(self, put: Callable[[Connection], Put]) -> Put:
        made: list[Put] = []

        def once() -> Put:
            # When the connection broke at the commit, it is the table that knows whether the job was accepted.
            if not made or not self._is_there(made[-1][1]):
                self._transaction(lambda connection: made.append(put(connection)))
            return made[-1]

        accepted = _patiently(once)
        self.accepted.jobs[accepted[1]] = JobStatus.COMPLETED
        return accepted

    def _is_there(self, job: uuid.UUID) -> bool:
        return bool(
            self._transaction(
                lambda connection: connection.scalar(
                    text('SELECT count(*) FROM "jobQueue" WHERE "jobId" = :id'), {"id": job}
                )
            )
        )

    def _transaction(self, work: Callable[[Connection], Result]) -> Result:
        with tenant_transaction(self._api, self._tenant.workspace_id) as connection:
            return work(connection)


class _User(threading.Thread):
    """Somebody with a list, who takes the next step when the last one is done."""

    def __init__(self, load: Load, rows: int) -> None:
        super().__init__(daemon=True)
        self.error: Exception | None = None
        self.leaving = threading.Event()
        self._load = load
        self._steps = self._journey(rows)

    def run(self) -> None:
        try:
            for job in self._steps:
                if not self._completed(job):
                    return
        except Exception as error:  # noqa: BLE001 - the scenario raises it
            self.error = error

    def _journey(self, rows: int) -> Iterator[uuid.UUID]:
        upload, job = self._load.upload(rows)
        yield job
        analysis, job = self._load.analysis(upload)
        yield job
        _, job = self._load.export(analysis)
        yield job

    def _completed(self, job: uuid.UUID) -> bool:
        while (status := self._load.status(job)) not in ENDED:
            if self.leaving.wait(_LOOK_SECONDS):
                return False
        return status is JobStatus.COMPLETED


def _patiently(work: Callable[[], Result]) -> Result:
    """Try again while the database cannot be reached, as a user would."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return work()
        except DBAPIError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)

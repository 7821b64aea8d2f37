"""One list on its way into the table: through ingest as it is deployed, and the same rows through psql."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import text

from benchmarks.cpu import processor_seconds
from benchmarks.crew import Crew
from benchmarks.site import Site
from factories import Tenant, enqueue, make_tenant
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.storage import StoredObject
from servers import postgresql_program

_SECONDS_AT_MOST = 3600

_UPLOAD = text("""
    INSERT INTO uploads ("uploadId", "workspaceId", "userId", "fileName", "fileSize", sha256, "storageKey")
    VALUES (:upload_id, :workspace_id, :user_id, :key, :size, :sha256, :key)""")
_JOB = text("""
    SELECT status, attempt, "errorCode", extract(epoch FROM "startedAt")::float AS started
    FROM "jobQueue" WHERE "jobId" = :job_id""")
_COLUMNS = (
    *("sequenceNumber", "rowNumber", "columnIndex", "emailAddress", "normalizedAddress", "domain"),
    *("isValidFormat", "formatError", "duplicateOf", "columns"),
)


@dataclass(frozen=True, slots=True)
class Load:
    """What a load took."""

    seconds: float
    processor: Mapping[str, float]
    """Seconds, by the part of the system that used them."""

    @property
    def processor_seconds(self) -> float:
        """Of all parts together."""
        return sum(self.processor.values())


class Ramp:
    """Where lists are loaded: a site with a worker of ingest, and a table that is empty before each load."""

    def __init__(self, hands: Crew) -> None:
        self._hands = hands
        self._site = hands.site
        with self._site.connection() as connection:
            self._tenant: Tenant = make_tenant(connection)
        hands.dispatcher()
        self.worker = hands.service("ingest")

    def ingest(self, stored: StoredObject) -> tuple[uuid.UUID, Load]:
        """Take a list in as a job, from its claim until others see that it is completed."""
        self._empty()
        used = processor_seconds()
        upload_id = uuid.uuid4()
        with self._site.connection() as connection:
            values = {"upload_id": upload_id, "key": stored.key, "size": stored.size, "sha256": stored.sha256}
            owner = {"workspace_id": self._tenant.workspace_id, "user_id": self._tenant.user_id}
            connection.execute(_UPLOAD, {**values, **owner})
            job_id = enqueue(connection, self._tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload_id))
        began = self._wait_for(job_id)
        return upload_id, Load(time.time() - began, since(used))

    def copy(self, upload_id: uuid.UUID) -> Load:
        r"""Load the very rows of an upload with psql's `\copy`, as the same role, in one transaction."""
        path = self._site.folder / "rows.copy"
        columns = ", ".join(f'"{name}"' for name in _COLUMNS)
        rows = f"""SELECT '{upload_id}'::uuid, {columns} FROM "uploadEmails" WHERE "uploadId" = '{upload_id}'"""
        with Psql(self._site) as psql:
            psql.run(rf"""\copy ({rows} ORDER BY "sequenceNumber") TO '{path}'""")
        self._empty()
        with Psql(self._site) as psql:
            used, began = processor_seconds(), time.monotonic()
            psql.run(rf"""\copy "uploadEmails" ("uploadId", {columns}) FROM '{path}'""")
            load = Load(time.monotonic() - began, since(used))
        path.unlink()
        return load

    def bytes_of_table(self) -> int:
        """Return what the table of rows takes on disk, its index too."""
        with self._site.connection() as connection:
            return int(connection.scalar(text("""SELECT pg_total_relation_size('"uploadEmails"')""")) or 0)

    def _empty(self) -> None:
        with self._site.connection() as connection:
            connection.execute(text('TRUNCATE "uploadEmails", "uploadRejectedRows"'))
        # What the last load left to be written must not weigh on the next.
        self._site.postgresql.execute("CHECKPOINT")

    def _wait_for(self, job_id: uuid.UUID) -> float:
        """Wait until a job is completed; returns when it was claimed."""
        with self._site.connection() as connection:

            def is_over() -> bool:
                job = connection.execute(_JOB, {"job_id": job_id}).one()
                return job.status not in {"pending", "processing"}

            self._hands.wait(is_over, "the list", _SECONDS_AT_MOST)
            job = connection.execute(_JOB, {"job_id": job_id}).one()
        assert (job.status, job.attempt) == ("completed", 1), job
        return float(job.started)


class Psql:
    """A worker's session of psql that is told what to do and says when it is done, so that its start costs nothing."""

    def __init__(self, site: Site) -> None:
        url = site.url("mailsift_worker").replace("+psycopg2", "")
        command = [postgresql_program("psql"), url, "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, command: str) -> None:
        """Run one command and wait until it has ended well."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n\\echo done\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n", command


def since(used: Mapping[str, float]) -> dict[str, float]:
    """Return the processor seconds of each part since they were looked at."""
    now = processor_seconds()
    return {part: seconds - used.get(part, 0.0) for part, seconds in now.items() if seconds > used.get(part, 0.0)}

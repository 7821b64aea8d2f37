"""A worker of ingest and what is put before it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_upload
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.storage import Storage
from pump import Pump

Rows = list[Mapping[str, Any]]


class Ingest:
    """Uploaded files and the worker that takes them in."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant, folder: Path) -> None:
        self.worker, self.owner, self.tenant = worker, owner, tenant
        self.storage = Storage(folder.as_uri())
        self.deps = IngestDeps(self.storage, BatchLimits())
        self.pump = Pump(worker, {JobType.FILE_PROCESSING: lambda lease: process_file(self.deps, lease)})

    def put(self, content: bytes, options: ReadingOptions | None = None) -> uuid.UUID:
        stored = self.storage.write(f"list-{uuid.uuid4()}", [content])
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, self.tenant, stored.key)
            connection.execute(
                text("""
                    UPDATE uploads SET "fileSize" = :size, reading = CAST(:reading AS jsonb)
                    WHERE "uploadId" = :upload_id"""),
                {
                    "size": stored.size,
                    "reading": json.dumps((options or ReadingOptions()).to_json()),
                    "upload_id": upload_id,
                },
            )
            enqueue(connection, self.tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload_id))
        return upload_id

    def query(self, statement: str) -> Rows:
        with self.worker.begin() as connection:
            return [dict(row) for row in connection.execute(text(statement)).mappings()]

    def upload(self) -> Mapping[str, Any]:
        """The only one."""
        (upload,) = self.query("SELECT * FROM uploads")
        return upload


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


class DyingStorage(Storage):
    """Kills its reader after some reads, each of a few bytes."""

    def __init__(self, url: str, reads: int, at_most: int) -> None:
        super().__init__(url)
        self.reads = reads
        self.at_most = at_most

    def open(self, key: str) -> BinaryIO:
        stream = super().open(key)
        read = stream.read
        left = iter(range(self.reads))

        def dying(size: int = -1) -> bytes:
            if next(left, None) is None:
                raise Killed
            return read(min(size, self.at_most) if self.at_most else size)

        stream.read = dying  # type: ignore[method-assign]
        return stream

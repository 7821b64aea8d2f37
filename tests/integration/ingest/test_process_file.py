from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_upload
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.storage import Storage
from pump import Pump

LIST = b"""name,e-mail,city
Ann,ann@example.com,Oslo
Bob,Bob Builder <bob@example.org>,"New
York"
Cid,,Rome
Dan,ANN@example.com,Oslo
Eve,not an address,Bonn
"""

Rows = list[Mapping[str, Any]]


class Ingest:
    """One uploaded file and the worker that takes it in."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant, folder: Path) -> None:
        self.worker, self.owner, self.tenant = worker, owner, tenant
        self.storage = Storage(folder.as_uri())
        self.deps = IngestDeps(self.storage, BatchLimits())
        self.pump = Pump(worker, {JobType.FILE_PROCESSING: lambda lease: process_file(self.deps, lease)})

    def put(self, content: bytes) -> uuid.UUID:
        stored = self.storage.write("list", [content])
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, self.tenant, stored.key)
            connection.execute(text('UPDATE uploads SET "fileSize" = :size'), {"size": stored.size})
            enqueue(connection, self.tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload_id))
        return upload_id

    def query(self, statement: str) -> Rows:
        with self.worker.begin() as connection:
            return [dict(row) for row in connection.execute(text(statement)).mappings()]

    def upload(self) -> Mapping[str, Any]:
        return self.query("SELECT * FROM uploads")[0]


@pytest.fixture
def ingest(worker: Engine, owner: Engine, tenant: Tenant, tmp_path: Path) -> Ingest:
    return Ingest(worker, owner, tenant, tmp_path)


def test_a_list_is_taken_in_with_all_its_rows_and_columns(ingest: Ingest) -> None:
    ingest.put(LIST)
    assert ingest.pump.run() == 1
    upload = ingest.upload()
    assert upload["status"] == "completed"
    assert (upload["format"], upload["encoding"].lower().replace("-", ""), upload["delimiter"]) == ("csv", "utf8", ",")
    assert (upload["hasHeader"], upload["columnNames"]) == (True, ["name", "e-mail", "city"])
    assert (upload["emailColumn"], upload["emailColumns"]) == (1, [1])
    counts = [upload[name] for name in ("totalRows", "totalEmails", "validEmails", "duplicateEmails", "rejectedRows")]
    assert counts == [5, 4, 3, 1, 1]
    assert upload["emails"][0] == {"email": "ann@example.com"}
    rows = ingest.query('SELECT * FROM "uploadEmails" ORDER BY "sequenceNumber"')
    assert [(row["sequenceNumber"], row["rowNumber"]) for row in rows] == [(1, 2), (2, 3), (3, 5), (4, 6), (5, 7)]
    assert [row["normalizedAddress"] for row in rows] == [
        "ann@example.com",
        "bob@example.org",
        None,
        "ann@example.com",
        "not an address",
    ]
    assert [row["duplicateOf"] for row in rows] == [None, None, None, 1, None]
    assert [row["formatError"] for row in rows][:4] == [None, None, "no_address", None]
    assert rows[1]["columns"] == ["Bob", "Bob Builder <bob@example.org>", "New\nYork"]
    rejected = ingest.query('SELECT * FROM "uploadRejectedRows"')
    assert [(row["rowNumber"], row["reason"], row["rawText"]) for row in rejected] == [(5, "no_address", "Cid,,Rome")]
    assert [row["activityType"] for row in ingest.query('SELECT * FROM "userActivities"')] == ["file_processed"]


def test_a_nul_in_the_header_is_left_out_as_in_every_cell(ingest: Ingest) -> None:
    ingest.put(b"na\0me,e-mail\nA\0nn,ann@example.com\n")
    ingest.pump.run()
    upload = ingest.upload()
    assert (upload["status"], upload["columnNames"]) == ("completed", ["name", "e-mail"])
    assert ingest.query('SELECT columns FROM "uploadEmails"') == [{"columns": ["Ann", "ann@example.com"]}]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"PK\x03\x04" + bytes(1000), "binary_file"),
        (b"name,city\nAnn,Oslo\n", "no_email_column"),
        (b"email\n", "no_readable_row"),
    ],
)
def test_what_is_no_list_fails_with_its_code_and_is_not_tried_again(ingest: Ingest, content: bytes, code: str) -> None:
    ingest.put(content)
    assert ingest.pump.run() == 1
    upload = ingest.upload()
    assert (upload["status"], upload["errorCode"]) == ("failed", code)
    assert upload["errorMessage"]


def test_a_row_of_more_than_a_mebibyte_is_rejected_and_the_rest_goes_on(ingest: Ingest) -> None:
    ingest.put(b"email,note\na@example.com,x\nb@example.com," + b"y" * 2_000_000 + b"\nc@example.com,z\n")
    ingest.pump.run()
    assert (ingest.upload()["status"], ingest.upload()["totalRows"], ingest.upload()["rejectedRows"]) == (
        "completed",
        3,
        1,
    )
    rejected = ingest.query('SELECT * FROM "uploadRejectedRows"')[0]
    assert (rejected["rowNumber"], rejected["reason"], len(rejected["rawText"])) == (3, "row_too_long", 1000)


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


class DyingStorage(Storage):
    """Kills its reader after some reads."""

    def __init__(self, url: str, reads: int) -> None:
        super().__init__(url)
        self.reads = reads

    def open(self, key: str) -> BinaryIO:
        stream = super().open(key)
        read = stream.read
        left = iter(range(self.reads))

        def dying(size: int = -1) -> bytes:
            if next(left, None) is None:
                raise Killed
            return read(size)

        stream.read = dying  # type: ignore[method-assign]
        return stream


@pytest.mark.parametrize("reads", [1, 2, 3, 4, 5])
def test_killed_anywhere_it_goes_on_without_a_missing_or_a_doubled_row(
    ingest: Ingest, tmp_path: Path, reads: int
) -> None:
    lines = [f"user{number}@example.com,{'x' * 200}" for number in range(5000)]
    ingest.put("\n".join(["email,n", *lines]).encode())
    ingest.deps = IngestDeps(DyingStorage(tmp_path.as_uri(), reads), BatchLimits(rows=700))
    with pytest.raises(Killed):
        ingest.pump.run()
    before = ingest.query('SELECT count(*) AS rows FROM "uploadEmails"')[0]["rows"]
    assert before < len(lines)
    ingest.deps = IngestDeps(ingest.storage, BatchLimits(rows=700))
    with ingest.worker.begin() as connection:
        recovering.void_all_leases(connection)
    ingest.pump.run()
    rows = ingest.query('SELECT "sequenceNumber", columns FROM "uploadEmails" ORDER BY 1')
    assert [row["columns"] for row in rows] == [line.split(",") for line in lines]
    assert (ingest.upload()["totalEmails"], ingest.upload()["status"]) == (5000, "completed")

"""Lists in containers, and what only seems to be one, through the handler."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import Engine

from factories import Tenant
from ingesting import DyingStorage, Ingest, Killed
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.dialect import Container
from mailsift.ingest.handlers import IngestDeps
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.storage import Storage
from packing import MIB, PACK, one_gigabyte_line, overlapping_zip, with_encrypted_flag, zipped

PEOPLE = [("Ann", "ann@example.com"), ("Bo", "bo@example.com")]
LIST = "".join(f"{name},{address}\n" for name, address in [("name", "email"), *PEOPLE]).encode()


@pytest.fixture
def ingest(worker: Engine, owner: Engine, tenant: Tenant, tmp_path: Path) -> Ingest:
    return Ingest(worker, owner, tenant, tmp_path)


def test_a_zip_file_of_lists_in_several_formats_is_taken_in_as_one(ingest: Ingest) -> None:
    objects = [{"email": "cy@example.com", "city": "Rome"}, {"email": "di@example.com", "late": 1}]
    ingest.put(
        zipped(
            {"a.csv": LIST, "notes.txt": b"mind the\ngap\n", "b.jsonl": "\n".join(map(json.dumps, objects)).encode()}
        )
    )
    ingest.pump.run()
    upload = ingest.upload()
    assert (upload["status"], upload["format"], upload["emailColumns"]) == ("completed", "csv", [1])
    assert upload["columnNames"] == ["name", "email", "city", "late"]
    entries = ingest.query('SELECT "emailAddress", columns FROM "uploadEmails" ORDER BY "sequenceNumber"')
    assert [entry["columns"] for entry in entries] == [
        *map(list, PEOPLE), ["", "cy@example.com", "Rome"], ["", "di@example.com", "", "1"],
    ]  # fmt: skip
    [log] = ingest.query("""SELECT metadata FROM "jobLogs" WHERE message = 'understood the file'""")
    assert "passed over: notes.txt (no_email_column)" in json.dumps(log["metadata"])


def test_what_is_no_list_fails_once_with_its_code_and_the_worker_goes_on(ingest: Ingest) -> None:
    hostile = {
        "line_too_long": one_gigabyte_line(Container.GZIP),
        "archive_bomb": PACK[Container.GZIP](LIST * 5000) + PACK[Container.GZIP](bytes(16 * MIB)) * 16,
        "archive_damaged": PACK[Container.XZ](LIST * 1000)[:-20],
        "nested_archive": zipped({"a.zip": zipped({"b.zip": zipped({"c.csv": LIST})})}),
        "archive_encrypted": with_encrypted_flag(zipped({"a.csv": LIST})),
        "malformed_json": b"[" + b'{"email": "a@example.com"},' * 1000,
        "binary_file": LIST * 30_000 + bytes(range(256)) * 4000,
        "too_many_columns": b",".join(b"c%d" % number for number in range(1_000_000)),
    }
    ids = {code: ingest.put(content) for code, content in hostile.items()}
    ids["archive_bomb, overlapping"] = ingest.put(overlapping_zip(100))
    good = ingest.put(LIST)
    assert ingest.pump.run() == len(ids) + 1
    assert ingest.pump.run() == 0
    uploads = {row["uploadId"]: row for row in ingest.query("SELECT * FROM uploads")}
    for code, upload_id in ids.items():
        upload = uploads[upload_id]
        assert (upload["status"], upload["errorCode"]) == ("failed", code.partition(",")[0])
        assert upload["errorMessage"]
    assert uploads[good]["status"] == "completed"
    assert {job["attempt"] for job in ingest.query('SELECT attempt FROM "jobQueue"')} == {1}


class DyingLater(DyingStorage):
    """Lets the file be understood, and kills who reads it then."""

    understood = False

    def open(self, key: str) -> BinaryIO:
        if self.understood:
            return super().open(key)
        self.understood = True
        return Storage.open(self, key)


LINES = [[f"Ann {number}", f"user{number}@example.com"] for number in range(20_000)]
TABLE = "\n".join(map(",".join, LINES)).encode()
HALVES = {
    f"{half}.csv": "\n".join(map(",".join, LINES[half * 10_000 : (half + 1) * 10_000])).encode() for half in (0, 1)
}
OBJECTS = json.dumps([{"name": name, "email": address} for name, address in LINES]).encode()


@pytest.mark.parametrize(
    ("content", "reads", "at_most"),
    [
        (PACK[Container.GZIP](TABLE), 20, 5003),
        (zipped(HALVES, zipfile.ZIP_STORED), 30, 0),
        (OBJECTS, 20, 40_003),
    ],
    ids=["gzip", "zip", "json"],
)
def test_killed_in_the_middle_it_goes_on_without_a_missing_or_a_doubled_row(
    ingest: Ingest, tmp_path: Path, content: bytes, reads: int, at_most: int
) -> None:
    ingest.put(content)
    ingest.deps = IngestDeps(DyingLater(tmp_path.as_uri(), reads, at_most), BatchLimits(rows=700))
    with pytest.raises(Killed):
        ingest.pump.run()
    before = ingest.query('SELECT count(*) AS entries FROM "uploadEmails"')[0]["entries"]
    assert 0 < before < len(LINES)
    ingest.deps = IngestDeps(ingest.storage, BatchLimits(rows=7000))
    with ingest.worker.begin() as connection:
        recovering.void_all_leases(connection)
    ingest.pump.run()
    entries = ingest.query('SELECT "sequenceNumber", columns FROM "uploadEmails" ORDER BY 1')
    assert [entry["columns"] for entry in entries] == LINES
    assert ingest.upload()["status"] == "completed"

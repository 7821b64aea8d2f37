"""Workbooks through the real handler: they become lists, or fail with their code and leave the worker as it was."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine

from factories import Tenant
from ingesting import Ingest
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease
from workbooks import HOSTILE, LIST, xls, xlsx


@pytest.fixture
def ingest(worker: Engine, owner: Engine, tenant: Tenant, tmp_path: Path) -> Ingest:
    return Ingest(worker, owner, tenant, tmp_path)


@pytest.mark.parametrize(("content", "format_"), [(xlsx(LIST, "People"), "xlsx"), (xls(LIST, "People"), "xls")])
def test_a_workbook_is_taken_in_as_any_list(ingest: Ingest, content: bytes, format_: str) -> None:
    ingest.put(content)
    ingest.pump.run()
    (upload,) = ingest.query("SELECT * FROM uploads")
    assert (upload["status"], upload["errorCode"], upload["format"]) == ("completed", None, format_)
    assert (upload["columnNames"], upload["hasHeader"], upload["totalEmails"]) == (["name", "e-mail", "age"], True, 2)
    assert {"what": "sheet", "value": "People", "confidence": 1.0, "evidence": "the only one"} in upload["detection"]
    rows = ingest.query('SELECT "rowNumber", columns FROM "uploadEmails" ORDER BY "sequenceNumber"')
    assert [(row["rowNumber"], row["columns"]) for row in rows] == [
        (2, ["Ann", "ann@example.com", "34"]),
        (3, ["Bob", "bob@example.org", "41.5"]),
    ]


def test_what_is_made_to_do_harm_fails_with_its_code_and_the_next_list_is_read(ingest: Ingest) -> None:
    names = [*[name for name in HOSTILE if HOSTILE[name].code][:5], "a workbook with a password"]
    expected = {ingest.put(HOSTILE[name].content()): HOSTILE[name].code for name in names}
    good = ingest.put(xlsx(LIST))
    ingest.pump.run()
    uploads = {row["uploadId"]: row for row in ingest.query("SELECT * FROM uploads")}
    assert uploads.pop(good)["status"] == "completed"
    assert {upload_id: row["errorCode"] for upload_id, row in uploads.items()} == expected
    jobs = ingest.query('SELECT status, attempt FROM "jobQueue"')
    assert sorted((job["status"], job["attempt"]) for job in jobs) == [("completed", 1), *[("failed", 1)] * len(names)]
    assert reading() == []


def test_a_worker_that_reads_a_workbook_hands_the_next_one_back(ingest: Ingest) -> None:
    ingest.put(xlsx(LIST))
    with ingest.deps.opener.workbooks.open(io.BytesIO(xlsx(LIST)), lambda: None):
        ingest.pump.run()
    (job,) = ingest.query('SELECT status, "retryCount", "retryAfter" FROM "jobQueue"')
    assert (job["status"], job["retryCount"]) == ("pending", 0)
    assert job["retryAfter"] is not None


def test_a_job_that_is_cancelled_ends_the_reading_of_its_workbook(ingest: Ingest) -> None:
    ingest.put(xlsx([["email"], *([f"a{number}@example.com"] for number in range(20_000))]))
    process = ingest.pump.handlers[JobType.FILE_PROCESSING]

    def cancelled_while_it_reads(lease: Lease) -> None:
        threading.Thread(target=cancel_when_reading, args=[lease]).start()
        process(lease)

    ingest.pump.handlers[JobType.FILE_PROCESSING] = cancelled_while_it_reads
    ingest.pump.run()
    (job,) = ingest.query('SELECT status FROM "jobQueue"')
    assert job["status"] == "cancelled"
    assert reading() == []


def cancel_when_reading(lease: Lease) -> None:
    while not reading():
        time.sleep(0.01)
    lease.cancel()


def reading() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "mailsift.ingest.workbooks.child" in child.cmdline()]

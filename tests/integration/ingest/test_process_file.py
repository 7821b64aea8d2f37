from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import Engine

from factories import Tenant, suppress
from ingesting import DyingStorage, Ingest, Killed
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.storage import Storage

LIST = b"""name,e-mail,city
Ann,ann@example.com,Oslo
Bob,Bob Builder <bob@example.org>,"New
York"
Cid,,Rome
Dan,ANN@example.com,Oslo
Eve,not an address,Bonn
"""


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


class CancelledStorage(Storage):
    """Has the job that reads a file cancelled at some read, and counts the reads."""

    def __init__(self, url: str, at: int) -> None:
        super().__init__(url)
        self.at = at
        self.reads = 0
        self.lease: Lease | None = None

    def open(self, key: str) -> BinaryIO:
        stream = super().open(key)
        read = stream.read

        def counted(size: int = -1) -> bytes:
            self.reads += 1
            if self.reads == self.at and self.lease:
                self.lease.cancel()
            return read(size)

        stream.read = counted  # type: ignore[method-assign]
        return stream


def test_a_job_taken_back_while_nothing_but_blank_lines_comes_ends_at_once_and_tells_how_far_it_was(
    ingest: Ingest, tmp_path: Path
) -> None:
    ingest.put(b"email\nann@example.com\n" + b"\n" * 2 * 1024**2)
    storage = CancelledStorage(tmp_path.as_uri(), at=5)
    told: list[int | None] = []

    def process(lease: Lease) -> None:
        storage.lease = lease
        try:
            process_file(IngestDeps(storage, BatchLimits()), lease)
        finally:
            told.append(lease.beat().processed)

    ingest.pump.handlers[JobType.FILE_PROCESSING] = process
    ingest.pump.run()
    assert ingest.upload()["status"] == "cancelled"
    assert storage.reads == storage.at
    assert 0 < (told[0] or 0) < ingest.upload()["fileSize"]


def test_addresses_that_are_suppressed_are_counted_and_kept(ingest: Ingest, owner: Engine) -> None:
    with owner.begin() as connection:
        suppress(connection, ingest.tenant, "ann@example.com", "example.org")
    ingest.put(LIST)
    ingest.pump.run()
    assert (ingest.upload()["totalRows"], ingest.upload()["suppressedEmails"]) == (5, 3)
    (job,) = ingest.query('SELECT result FROM "jobQueue"')
    assert job["result"]["suppressedEmails"] == 3


TWO_COLUMNS = b"""Contacts of Acme

email,name,work email
ann@example.com,Ann,ann@work.example
,Bob,BOB@work.example
cid@example.com,Cid,cid@example.com
,Dan,
"""


def test_every_email_column_has_an_entry_in_every_row(ingest: Ingest) -> None:
    ingest.put(TWO_COLUMNS)
    ingest.pump.run()
    upload = ingest.upload()
    assert (upload["columnNames"], upload["emailColumn"], upload["emailColumns"]) == (
        ["email", "name", "work email"],
        0,
        [0, 2],
    )
    counts = [upload[name] for name in ("totalRows", "totalEmails", "validEmails", "duplicateEmails", "rejectedRows")]
    assert counts == [4, 5, 5, 1, 1]
    rows = ingest.query('SELECT * FROM "uploadEmails" ORDER BY "sequenceNumber"')
    assert [(row["sequenceNumber"], row["rowNumber"], row["columnIndex"]) for row in rows] == [
        *((1, 4, 0), (2, 4, 2), (3, 5, 0), (4, 5, 2)),
        *((5, 6, 0), (6, 6, 2), (7, 7, 0), (8, 7, 2)),
    ]
    assert [row["normalizedAddress"] for row in rows] == [
        *("ann@example.com", "ann@work.example", None, "bob@work.example"),
        *("cid@example.com", "cid@example.com", None, None),
    ]
    assert [row["duplicateOf"] for row in rows] == [None, None, None, None, None, 5, None, None]
    assert [row["columns"] for row in rows[:4]] == [
        ["ann@example.com", "Ann", "ann@work.example"],
        [],
        ["", "Bob", "BOB@work.example"],
        [],
    ]
    rejected = ingest.query('SELECT "sequenceNumber", "rowNumber", reason FROM "uploadRejectedRows"')
    assert [tuple(row.values()) for row in rejected] == [(7, 7, "no_address")]


def test_a_list_is_read_as_the_user_says_and_tells_what_that_stands_on(ingest: Ingest) -> None:
    content = "Stadt;Kontakt;Chef\nKöln;ann@example.com;boss@example.com\nRom;bob@example.com;boss@example.com\n"
    ingest.put(
        content.encode("cp1252"),
        ReadingOptions(
            encoding="windows-1252",
            mapping={"Kontakt": "email", "Stadt": "city"},
            keep_columns=("Stadt",),
        ),
    )
    ingest.pump.run()
    upload = ingest.upload()
    assert (upload["columnNames"], upload["emailColumns"], upload["encoding"]) == (["city", "Kontakt"], [1], "cp1252")
    assert ingest.query('SELECT columns FROM "uploadEmails" ORDER BY "sequenceNumber"') == [
        {"columns": ["Köln", "ann@example.com"]},
        {"columns": ["Rom", "bob@example.com"]},
    ]
    found = {finding["what"]: finding for finding in upload["detection"]}
    assert [found[what]["evidence"] for what in ("encoding", "emailColumns")] == ["as asked", "as asked"]
    assert found["delimiter"] == {
        "what": "delimiter",
        "value": ";",
        "confidence": 1.0,
        "evidence": "100% of rows have 3 columns",
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [(ReadingOptions(email_columns=("phone",)), "no_such_column"), (ReadingOptions(sheet="People"), "no_such_sheet")],
)
def test_an_option_that_does_not_fit_the_file_fails_the_job(ingest: Ingest, options: ReadingOptions, code: str) -> None:
    ingest.put(LIST, options)
    assert ingest.pump.run() == 1
    assert (ingest.upload()["status"], ingest.upload()["errorCode"]) == ("failed", code)


def test_a_list_of_which_more_than_half_repeats_says_so(ingest: Ingest) -> None:
    ingest.put(b"email\n" + b"a@example.com\n" * 3 + b"b@example.com\n")
    ingest.pump.run()
    assert ingest.upload()["warnings"] == []
    ingest.put(b"email\n" + b"a@example.com\n" * 4 + b"b@example.com\n")
    ingest.pump.run()
    (upload,) = (row for row in ingest.query("SELECT * FROM uploads") if row["totalRows"] == 5)
    assert (upload["status"], upload["warnings"]) == ("completed", ["mostly_duplicates"])
    logged = ingest.query("""SELECT message, metadata FROM "jobLogs" WHERE level = 'warning'""")
    assert logged == [{"message": "mostly_duplicates", "metadata": {"duplicateShare": 0.6}}]


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
        (b"PK\x03\x04" + bytes(1000), "archive_damaged"),
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


@pytest.mark.parametrize("email_columns", [1, 3])
@pytest.mark.parametrize("reads", [2, 5, 11])
def test_killed_anywhere_it_goes_on_without_a_missing_or_a_doubled_row(
    ingest: Ingest, tmp_path: Path, reads: int, email_columns: int
) -> None:
    names = ["n", *(f"email {column}" for column in range(email_columns))]
    lines = [
        [str(number), *(f"user{number % 1950}@host{column}.example.com" for column in range(email_columns))]
        for number in range(2000)
    ]
    ingest.put("\n".join(map(",".join, [names, *lines])).encode())
    ingest.deps = IngestDeps(DyingStorage(tmp_path.as_uri(), reads, at_most=5_003), BatchLimits(rows=100))
    with pytest.raises(Killed):
        ingest.pump.run()
    before = ingest.query('SELECT count(*) AS entries FROM "uploadEmails"')[0]["entries"]
    assert before < len(lines) * email_columns
    assert before % email_columns == 0
    ingest.deps = IngestDeps(ingest.storage, BatchLimits(rows=700))
    with ingest.worker.begin() as connection:
        recovering.void_all_leases(connection)
    ingest.pump.run()
    entries = ingest.query(
        'SELECT "sequenceNumber", "emailAddress", "duplicateOf", columns FROM "uploadEmails" ORDER BY 1'
    )
    assert [entry["sequenceNumber"] for entry in entries] == list(range(1, len(lines) * email_columns + 1))
    assert [entry["emailAddress"] for entry in entries] == [cell for line in lines for cell in line[1:]]
    assert [entry["columns"] for entry in entries[::email_columns]] == lines
    repeated = [None] * 1950 * email_columns + list(range(1, 50 * email_columns + 1))
    assert [entry["duplicateOf"] for entry in entries] == repeated
    upload = ingest.upload()
    assert (upload["totalRows"], upload["totalEmails"], upload["status"]) == (2000, 2000 * email_columns, "completed")
    assert upload["duplicateEmails"] == 50 * email_columns

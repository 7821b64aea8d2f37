"""Lists that lie elsewhere: fetched into the storage as the first step of their job, then read like any other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_upload
from file_host import NAME, FileHost, Send, answer, run_file_host, run_nameserver
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.bringing import Bringer
from mailsift.ingest.fetching.fetcher import Fetcher, FetchLimits
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.repository import recovering
from mailsift.shared.networks import Reach
from mailsift.shared.outbound.dialing import Dialer
from mailsift.shared.outbound.names import Names
from mailsift.shared.plans import ALLOWANCES, Plan
from mailsift.shared.storage import Storage, StoredObject
from pump import Pump
from servers import LOOPBACK

LIST = b"email\nann@example.com\nbob@example.com\ncid@example.com\n"
QUERY = "?signature=secret"


class Killed(BaseException):
    """As sudden as a signal."""


class DyingStorage(Storage):
    """Kills its writer before the object is whole."""

    def write(self, key: str, chunks: Iterable[bytes | memoryview]) -> StoredObject:
        def dying() -> Iterator[bytes | memoryview]:
            yield next(iter(chunks))
            raise Killed

        return super().write(key, dying())


class Ingest:
    """A worker that may fetch from one host, and what it is given."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant, folder: Path) -> None:
        self.worker, self.owner, self.tenant, self.folder = worker, owner, tenant, folder
        self.storage = Storage(folder.as_uri())
        self.deps = IngestDeps(self.storage, BatchLimits())
        self.pump = Pump(worker, {JobType.FILE_PROCESSING: lambda lease: process_file(self.deps, lease)})

    def reaching(self, host: FileHost, nameserver: str) -> None:
        dialer = Dialer(Reach([f"{LOOPBACK}/32"]), Names([nameserver]), 5, host.ca_file)
        fetcher = Fetcher(dialer, FetchLimits(idle_seconds=5, total_seconds=60))
        self.deps = replace(self.deps, bringer=Bringer(fetcher, max_bytes=1_000_000))

    def order(self, source: str, place: str, **payload: object) -> str:
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, self.tenant)
            key = f"uploads/{self.tenant.workspace_id}/{upload_id}"
            connection.execute(
                text("""UPDATE uploads SET source = :source, "sourceUrl" = :place, "storageKey" = :key,
                        "fileSize" = NULL, sha256 = NULL"""),
                {"source": source, "place": place, "key": key},
            )
            enqueue(connection, self.tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload_id), **payload)
        return key

    def upload(self) -> Mapping[str, Any]:
        return self.query("SELECT * FROM uploads")[0]

    def query(self, statement: str) -> list[Mapping[str, Any]]:
        with self.worker.begin() as connection:
            return [dict(row) for row in connection.execute(text(statement)).mappings()]

    def objects(self) -> list[str]:
        return [path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()]

    def outcome(self) -> tuple[str, str, str | None]:
        (job,) = self.query('SELECT status, "errorCode" FROM "jobQueue"')
        return self.upload()["status"], job["status"], job["errorCode"]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FileHost]:
    (tmp_path / "certificates").mkdir()
    with run_file_host(tmp_path / "certificates") as running:
        running.pages["/list.csv"] = answer("200 OK", LIST)
        yield running


@pytest.fixture
def ingest(worker: Engine, owner: Engine, tenant: Tenant, tmp_path: Path, host: FileHost) -> Iterator[Ingest]:
    with run_nameserver({NAME: [[LOOPBACK]] * 10}) as nameserver:
        ingest = Ingest(worker, owner, tenant, tmp_path / "storage")
        ingest.reaching(host, nameserver.address)
        yield ingest


def test_a_list_is_fetched_stored_and_read(ingest: Ingest, host: FileHost) -> None:
    key = ingest.order("url", host.url(f"/list.csv{QUERY}"))
    ingest.pump.run()
    upload = ingest.upload()
    assert (upload["status"], upload["totalRows"], upload["fileSize"]) == ("completed", 3, len(LIST))
    assert (ingest.objects(), ingest.storage.open(key).read()) == ([key], LIST)
    assert "secret" in host.requests[0]
    (log,) = ingest.query("""SELECT metadata FROM "jobLogs" WHERE message = 'fetched the list'""")
    assert log["metadata"] == {"source": "url", "fileSize": len(LIST)}


def test_once_it_is_fetched_nothing_knows_the_query(ingest: Ingest, host: FileHost) -> None:
    ingest.order("url", host.url(f"/list.csv{QUERY}"))
    ingest.pump.run()
    assert ingest.upload()["sourceUrl"] == host.url("/list.csv")
    for table in ("uploads", '"jobQueue"', '"jobLogs"', '"jobEvents"', '"userActivities"'):
        assert "secret" not in str(ingest.query(f"SELECT * FROM {table}"))


def test_a_list_is_previewed_from_a_url(ingest: Ingest, host: FileHost) -> None:
    ingest.order("url", host.url("/list.csv"), preview=True)
    with ingest.owner.begin() as connection:
        connection.execute(text("UPDATE uploads SET status = 'preview'"))
    ingest.pump.run()
    assert (ingest.upload()["status"], ingest.upload()["emailColumns"]) == ("preview", [0])
    assert ingest.query('SELECT * FROM "uploadEmails"') == []


def test_killed_while_it_fetches_it_begins_anew_and_leaves_nothing(ingest: Ingest, host: FileHost) -> None:
    key = ingest.order("url", host.url(f"/list.csv{QUERY}"))
    ingest.deps = replace(ingest.deps, storage=DyingStorage(ingest.folder.as_uri()))
    with pytest.raises(Killed):
        ingest.pump.run()
    assert (ingest.upload()["sha256"], ingest.objects()) == (None, [])
    ingest.deps = replace(ingest.deps, storage=ingest.storage)
    with ingest.worker.begin() as connection:
        recovering.void_all_leases(connection)
    ingest.pump.run()
    assert (ingest.outcome(), ingest.objects()) == (("completed", "completed", None), [key])
    assert len(host.requests) == 2


def test_a_server_that_is_busy_is_asked_again_later(ingest: Ingest, host: FileHost) -> None:
    host.pages["/list.csv"] = answer("503 Service Unavailable")
    ingest.order("url", host.url("/list.csv"))
    ingest.pump.run()
    assert ingest.outcome()[1:] == ("pending", "url_refused")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nothing.csv", "url_refused"),
        ("/endless", "file_too_large"),
        ("/long", "file_too_large"),
        ("/empty", "empty_file"),
    ],
)
def test_what_cannot_be_had_fails_for_good_and_leaves_nothing(
    ingest: Ingest, host: FileHost, path: str, code: str
) -> None:
    def endless(send: Send) -> None:
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            send(b"ann@example.com\n" * 1000)

    host.pages["/endless"] = endless
    host.pages["/long"] = answer("200 OK", LIST, Content_Length="1000001")
    host.pages["/empty"] = answer("200 OK")
    ingest.order("url", host.url(f"{path}{QUERY}"))
    ingest.pump.run()
    assert (ingest.outcome(), ingest.objects()) == (("failed", "failed", code), [])
    assert "secret" not in str(ingest.upload()["errorMessage"])


def test_a_url_that_leads_inside_fails_for_good(ingest: Ingest, host: FileHost) -> None:
    ingest.order("url", f"https://127.0.0.2:{host.port}/list.csv")
    ingest.pump.run()
    assert ingest.outcome() == ("failed", "failed", "url_not_allowed")


def test_an_object_is_copied_and_left_where_it_is(ingest: Ingest) -> None:
    inbox = f"inbox/{ingest.tenant.workspace_id}/2026/people.csv"
    ingest.storage.write(inbox, [LIST])
    key = ingest.order("object", inbox)
    ingest.pump.run()
    assert (ingest.outcome()[0], ingest.upload()["totalRows"]) == ("completed", 3)
    assert sorted(ingest.objects()) == sorted([inbox, key])
    assert ingest.upload()["sourceUrl"] == inbox


def test_an_object_that_is_gone_fails_for_good(ingest: Ingest) -> None:
    ingest.order("object", f"inbox/{ingest.tenant.workspace_id}/people.csv")
    ingest.pump.run()
    assert ingest.outcome() == ("failed", "failed", "object_not_found")


def test_a_list_of_more_bytes_or_rows_than_the_plan_allows_fails(
    ingest: Ingest, host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ingest.owner.begin() as connection:
        connection.execute(text("UPDATE workspaces SET plan = 'free'"))
    allowed = ALLOWANCES[Plan.FREE]
    ingest.order("url", host.url("/list.csv"))
    monkeypatch.setitem(ALLOWANCES, Plan.FREE, replace(allowed, upload_bytes=len(LIST), upload_rows=2))
    ingest.pump.run()
    assert ingest.outcome() == ("failed", "failed", "too_many_rows")
    assert ingest.query('SELECT * FROM "uploadEmails"') == []
    with ingest.owner.begin() as connection:
        connection.execute(text('DELETE FROM "jobQueue"'))
        connection.execute(text("DELETE FROM uploads"))
    ingest.order("url", host.url("/list.csv"))
    monkeypatch.setitem(ALLOWANCES, Plan.FREE, replace(allowed, upload_bytes=len(LIST) - 1))
    ingest.pump.run()
    assert ingest.outcome() == ("failed", "failed", "file_too_large")


def test_a_list_of_as_many_rows_as_the_plan_allows_is_taken(
    ingest: Ingest, host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ingest.owner.begin() as connection:
        connection.execute(text("UPDATE workspaces SET plan = 'free'"))
    monkeypatch.setitem(ALLOWANCES, Plan.FREE, replace(ALLOWANCES[Plan.FREE], upload_rows=3))
    ingest.order("url", host.url("/list.csv"))
    ingest.pump.run()
    assert ingest.outcome()[0] == "completed"

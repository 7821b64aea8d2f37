"""A roll-out: the release before the newest migration and this one work on the same jobs, side by side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from conftest import Database, as_roles
from deployment import ROOT
from e2e.client import Client, Observer, the_first_client
from e2e.conftest import Site
from e2e.people import check_database, check_file, make_list
from mailsift.shared.db.migrate import migrate
from processes import Service, running, wait_for
from releases import VERSIONS, Release, earlier_release
from servers import PostgreSQL

ROWS = 2_000
WORKERS = ("ingest", "analyzer", "exporter")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with earlier_release(tmp_path_factory.mktemp("releases")) as release:
        yield release


@pytest.fixture
def earlier_database(earlier: Release, postgresql: PostgreSQL, empty_database_url: str) -> Database:
    """A database as the earlier release made it."""
    migrate_it = earlier.command([sys.executable, "-m", "mailsift.shared.db.migrate"])
    subprocess.run(migrate_it, env={"DATABASE_URL": empty_database_url}, check=True)
    return as_roles(postgresql, empty_database_url.rpartition("/")[2])


def put(client: Client, content: bytes) -> Mapping[str, str]:
    return client.post("/api/uploads", files={"file": ("people.csv", content, "text/csv")})


def analyse_and_export(client: Client, upload: Mapping[str, str]) -> str:
    analysis = client.post("/api/analyses", json={"uploadId": upload["uploadId"], "analysisType": "advanced"})
    assert client.wait_for_job(analysis["jobId"])["status"] == "completed"
    export = client.post("/api/exports", json={"analysisId": analysis["analysisId"], "fileType": "csv"})
    assert client.wait_for_job(export["jobId"])["status"] == "completed"
    return client.http.get(f"/api/exports/{export['exportId']}/download").raise_for_status().text


def test_the_earlier_release_is_one_and_runs_its_own_code(earlier: Release) -> None:
    look = "import mailsift.shared, mailsift.analyzer; print(mailsift.shared.__file__, mailsift.analyzer.__file__)"
    done = subprocess.run(earlier.command([sys.executable, "-c", look]), capture_output=True, check=True, text=True)
    assert [Path(file).is_relative_to(earlier.tree) for file in done.stdout.split()] == [True, True]
    there = {path.name for path in (earlier.tree / VERSIONS).glob("[0-9]*.py")}
    assert max(path.name for path in (ROOT / VERSIONS).glob("[0-9]*.py")) not in there


def test_workers_of_the_earlier_release_do_on_the_new_schema_what_this_one_asks_for(
    earlier: Release, database: Database, site: Site
) -> None:
    asking = site.services(database, "api", "dispatcher")
    workers = site.services(database, *WORKERS, release=earlier)
    content = make_list(ROWS)
    with running({**asking, **workers}), the_first_client(database.owner_url, site.port) as client:
        upload = put(client, content)
        assert client.wait_for_job(upload["jobId"])["status"] == "completed"
        check_file(content, analyse_and_export(client, upload))
        check_database(Observer(database.owner_url), ROWS)


def test_this_release_waits_for_its_schema_and_then_goes_on_with_the_jobs_of_the_earlier_one(
    earlier: Release, earlier_database: Database, site: Site
) -> None:
    asking = site.services(earlier_database, "api", "dispatcher", release=earlier)
    killed = site.services(earlier_database, "ingest", release=earlier)
    waiting = site.services(earlier_database, "dispatcher", *WORKERS)
    observer = Observer(earlier_database.owner_url)
    content = make_list(ROWS)
    with running(asking), the_first_client(earlier_database.owner_url, site.port) as client:
        upload = put(client, content)
        with observer.row_taken(upload["uploadId"], ROWS // 2 + 1), running(killed):
            wait_for(observer.somebody_waits, "the earlier worker to be in the middle of the list")
        with running(waiting, until=is_refused):
            migrate(earlier_database.admin_url)
            for service in waiting.values():
                service.await_ready()
            job = client.wait_for_job(upload["jobId"])
            assert (job["status"], job["attempt"]) == ("completed", 2)
            check_file(content, analyse_and_export(client, upload))
            check_database(observer, ROWS)


def is_refused(service: Service) -> bool:
    said = service.readiness()
    assert said != "ok\n"
    return said.startswith("not ok: the schema of the database is ")

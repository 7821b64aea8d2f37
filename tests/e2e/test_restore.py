"""A backup taken while jobs are under way, restored on another server with an empty broker: the jobs end there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from conftest import Database, as_roles
from e2e.client import Observer, a_client, the_first_client
from e2e.conftest import Site
from e2e.people import check_database, check_file, make_list
from processes import Service, running, wait_for
from servers import PostgreSQL, RabbitMQ, postgresql_program, run_postgresql

ROWS = 2_000
LIST = make_list(ROWS)


@pytest.fixture
def other_server() -> Iterator[PostgreSQL]:
    with run_postgresql() as server:
        yield server


@pytest.fixture
def other_rabbitmq_url(rabbitmq: RabbitMQ) -> Iterator[str]:
    vhost = rabbitmq.add_vhost()
    yield rabbitmq.url(vhost)
    rabbitmq.delete_vhost(vhost)


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg2:", "postgresql:")


def back_up(database: Database, folder: Path) -> None:
    """The database first, and then the files: no row of the dump misses its own."""
    target = folder / "backup"
    target.mkdir()
    dump = [postgresql_program("pg_dump"), "--format", "custom", "--file", str(target / "mailsift.dump")]
    subprocess.run([*dump, libpq(database.admin_url)], check=True)
    shutil.copytree(folder / "objects", target / "objects")


def restore(server: PostgreSQL, source: Path) -> Database:
    """As docs/operations.md has it: the roles, the dump, the migrations."""
    server.execute("CREATE DATABASE restored")
    database = as_roles(server, "restored")
    migrate_it = [sys.executable, "-m", "mailsift.shared.db.migrate"]
    told = {"DATABASE_URL": database.admin_url}
    subprocess.run([*migrate_it, "--roles"], env=told, check=True)
    put_back = [postgresql_program("pg_restore"), "--exit-on-error", "--dbname", libpq(database.admin_url)]
    subprocess.run([*put_back, str(source / "mailsift.dump")], check=True)
    subprocess.run(migrate_it, env=told, check=True)
    return database


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A list that is loaded and one that is analysed, both in the middle of it."""

    key: str
    loaded: Mapping[str, str]
    analysis: Mapping[str, str]


@pytest.fixture
def under_way(services: Mapping[str, Service], database: Database, site: Site) -> UnderWay:
    """Begin both, back everything up, and kill whatever runs."""
    observer = Observer(database.owner_url)
    with the_first_client(database.owner_url, site.port) as client, ExitStack() as held:
        ready = client.post("/api/uploads", files={"file": ("people.csv", LIST, "text/csv")})
        client.wait_for_job(ready["jobId"])
        for table in ("uploadEmails", "advancedEmailResults"):
            held.enter_context(observer.held(table, "SHARE"))
        analysis = client.post("/api/analyses", json={"uploadId": ready["uploadId"], "analysisType": "advanced"})
        loaded = client.post("/api/uploads", files={"file": ("more.csv", LIST, "text/csv")})
        for table in ("uploadEmails", "advancedEmailResults"):
            wait_for(observer.waits_for_table(table), f"rows for {table}")
        back_up(database, site.folder)
        for service in services.values():
            service.kill()
        return UnderWay(client.key, loaded, analysis)


def test_jobs_that_were_under_way_end_where_a_backup_is_restored_and_no_row_is_lost_or_doubled(
    under_way: UnderWay, site: Site, other_server: PostgreSQL, other_rabbitmq_url: str
) -> None:
    database = restore(other_server, site.folder / "backup")
    observer = Observer(database.owner_url)
    started = observer.rows("""SELECT DISTINCT "jobType" FROM "jobQueue" WHERE status = 'processing' ORDER BY 1""")
    assert [row[0] for row in started] == ["advanced_analysis", "email_scoring", "file_processing"]
    site = replace(site, rabbitmq_url=other_rabbitmq_url, folder=site.folder / "backup")
    with running(site.services(database)), a_client(site.port, under_way.key) as client:
        for job_id in (under_way.loaded["jobId"], under_way.analysis["jobId"]):
            assert client.wait_for_job(job_id)["status"] == "completed"
        export = client.post("/api/exports", json={"analysisId": under_way.analysis["analysisId"], "fileType": "csv"})
        client.wait_for_job(export["jobId"])
        file = client.http.get(f"/api/exports/{export['exportId']}/download").raise_for_status().text
    check_file(LIST, file)
    check_database(observer, ROWS, lists=2)

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsift.standalone.demo.nameserver import bundled_zone, serving
from servers import PostgreSQL
from standalone import Mailsift


@pytest.fixture
def nameserver() -> Iterator[str]:
    with serving(bundled_zone()) as address:
        yield address


def test_a_database_that_is_not_marked_is_refused_and_left_alone(tmp_path: Path, empty_database_url: str) -> None:
    said = Mailsift(tmp_path, {"DATABASE_URL": empty_database_url}).run("check", "john@company.com", "--json")
    assert said.exit_code == 1
    assert json.loads(said.out)["error"]["code"] == "database_refused"
    assert "ALTER DATABASE" in said.err


def test_a_marked_database_is_used_in_place_of_the_embedded_one(
    tmp_path: Path, postgresql: PostgreSQL, empty_database_url: str, nameserver: str
) -> None:
    name = empty_database_url.rpartition("/")[2].partition("?")[0]
    postgresql.execute(f"ALTER DATABASE {name} SET mailsift.standalone = 'true'")
    mailsift = Mailsift(tmp_path, {"DATABASE_URL": empty_database_url})
    assert mailsift.run("check", "john@company.com", "--nameserver", nameserver, "--json").json["status"] == "valid"
    assert not mailsift.home.postgres.exists()


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://someone:secret@127.0.0.1:1/nowhere"
    said = Mailsift(tmp_path, {"DATABASE_URL": url}).run("check", "john@company.com")
    assert said.exit_code == 1
    assert "DATABASE_URL" in said.err
    assert "secret" not in said.err


def test_variables_about_other_databases_do_not_reach_the_embedded_one(tmp_path: Path, nameserver: str) -> None:
    strays = {"PGPORT": "1", "PGSERVICE": "none", "PGREQUIREAUTH": "scram-sha-256", "PGOPTIONS": "-c search_path=x"}
    mailsift = Mailsift(
        tmp_path, {**strays, "LEASE_SECONDS": "-1", "STORAGE_URL": "s3://elsewhere", "NAMESERVERS": "x"}
    )
    assert mailsift.run("check", "john@company.com", "--nameserver", nameserver, "--json").json["status"] == "valid"

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from conftest import Database
from factories import Tenant, enqueue, make_tenant, make_upload
from mailsift.exporter.repository.deliveries import claim
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.standalone.home import Home
from mailsift.standalone.leftovers import take_over
from post import Post

MINE, OTHERS = ("192.0.2.1:53",), ("192.0.2.2:53",)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def owner(database: Database) -> Engine:
    engine = create_engine(database.owner_url)
    with engine.begin() as connection:
        tenant = make_tenant(connection)
        subject = Subject(upload_id=make_upload(connection, tenant))
        enqueue(connection, tenant, JobType.FILE_PROCESSING, subject)
    return engine


def is_due(owner: Engine) -> bool:
    with owner.begin() as connection:
        return bool(connection.scalar(text('SELECT "dueAt" <= clock_timestamp() FROM "jobQueue"')))


def test_unfinished_work_waits_while_a_command_asks_other_nameservers(
    database: Database, owner: Engine, home: Home
) -> None:
    take_over(database.dispatcher_url, home, MINE)
    assert is_due(owner)
    take_over(database.dispatcher_url, home, OTHERS)
    assert not is_due(owner)
    assert home.asked() == MINE
    take_over(database.dispatcher_url, home, MINE)
    assert is_due(owner)
    owner.dispose()


def test_with_nothing_left_any_nameservers_are_as_good(database: Database, owner: Engine, home: Home) -> None:
    take_over(database.dispatcher_url, home, MINE)
    with owner.begin() as connection:
        connection.execute(text("""UPDATE "jobQueue" SET status = 'completed'"""))
    take_over(database.dispatcher_url, home, OTHERS)
    assert home.asked() == OTHERS
    owner.dispose()


def test_what_webhooks_were_being_told_is_told_at_once(
    database: Database, owner: Engine, tenant: Tenant, home: Home
) -> None:
    post = Post(owner, owner, owner, tenant, "https://hooks.example.com/").open()
    lost, claimed = post.write(), post.write()
    hints = {hint.delivery_id: hint for hint in post.take()}
    with owner.begin() as connection:
        assert claim(connection, claimed, hints[claimed].attempt, 60) is not None
    take_over(database.dispatcher_url, home, MINE)
    assert {hint.delivery_id for hint in post.take()} == {lost, claimed}
    owner.dispose()


def test_a_note_that_cannot_be_read_says_nothing(home: Home) -> None:
    assert home.asked() is None
    home.note_asked(MINE)
    assert home.asked() == MINE
    (home.folder / "asked.json").write_text("[")
    assert home.asked() is None

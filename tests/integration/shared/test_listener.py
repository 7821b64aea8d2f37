from __future__ import annotations

from sqlalchemy import Engine, create_engine, text

from conftest import Database
from mailsift.shared.db.listener import Listener
from processes import wait_for


def test_a_notification_wakes_whoever_waits(database: Database, api: Engine) -> None:
    listener = Listener(database.dispatcher_url, ["jobs_due"], "test")
    assert listener.wait(5) is None  # just connected: look at everything
    assert listener.wait(0.01) == []
    with api.begin() as connection:
        connection.execute(text("SELECT pg_notify('jobs_due', 'one'), pg_notify('else', 'two')"))
    assert listener.wait(5) == ["one"]
    listener.close()


def test_a_broken_connection_is_made_anew_and_says_that_something_may_be_missed(
    database: Database,
) -> None:
    listener = Listener(database.admin_url, ["jobs_due"], "test-broken")
    listener.wait(1)
    terminate(database)
    wait_for(lambda: listener.wait(0.1) is None, "the break to be seen")
    assert listener.wait(1) is None  # connected anew
    assert listener.wait(0.01) == []
    listener.close()


def terminate(database: Database) -> None:
    engine = create_engine(database.admin_url)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-broken'")
        )
    engine.dispose()

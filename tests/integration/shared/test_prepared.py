from __future__ import annotations

import uuid
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from conftest import Database
from mailsift.shared.db.prepared import Prepared
from mailsift.shared.db.session import by_itself, make_engine

SUM = Prepared("test_sum", "SELECT :a + :b AS sum, CAST(:a AS text) AS shown", {"a": "integer", "b": "integer"})
PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE name = 'test_sum'")


def test_a_statement_is_prepared_at_its_first_use_and_used_again(worker: Engine) -> None:
    with worker.begin() as connection:
        assert connection.scalar(PREPARED) == 0
        assert dict(SUM.execute(connection, {"b": 2, "a": 1})[0]) == {"sum": 3, "shown": "1"}
        assert dict(SUM.execute(connection, {"a": 5, "b": 5})[0]) == {"sum": 10, "shown": "5"}
        assert connection.scalar(PREPARED) == 1


def test_it_outlives_a_transaction_that_is_rolled_back(worker: Engine) -> None:
    with worker.connect() as connection:
        SUM.execute(connection, {"a": 1, "b": 1})
        connection.rollback()
        assert SUM.execute(connection, {"a": 2, "b": 2})[0]["sum"] == 4


def test_a_new_connection_prepares_it_anew(worker: Engine) -> None:
    with worker.connect() as connection:
        SUM.execute(connection, {"a": 1, "b": 1})
        connection.invalidate()
        connection.rollback()
        assert SUM.execute(connection, {"a": 2, "b": 2})[0]["sum"] == 4


def test_what_users_say_is_bound_and_never_read_as_sql(worker: Engine) -> None:
    said = "'; DROP TABLE x; -- %s :a $1"
    echo = Prepared("test_echo", "SELECT :said AS said, :id AS id", {"said": "text", "id": "uuid"})
    someone = uuid.uuid4()
    with worker.begin() as connection:
        assert dict(echo.execute(connection, {"said": said, "id": someone})[0]) == {"said": said, "id": someone}


def test_by_itself_each_statement_is_committed_at_once(worker: Engine) -> None:
    with worker.connect() as connection, worker.connect() as other:
        with by_itself(connection):
            first = connection.scalar(text("SELECT pg_current_xact_id()"))
            assert other.scalar(text("SELECT pg_xact_status(:id)"), {"id": first}) == "committed"
        with connection.begin():
            second = connection.scalar(text("SELECT pg_current_xact_id()"))
            assert other.scalar(text("SELECT pg_xact_status(:id)"), {"id": second}) == "in progress"


def test_by_itself_an_error_leaves_the_connection_as_it_was(worker: Engine) -> None:
    with worker.connect() as connection:
        with pytest.raises(DBAPIError), by_itself(connection):
            connection.execute(text("SELECT 1 / 0"))
        connection.rollback()
        with connection.begin():
            assert connection.scalar(text("SELECT 1")) == 1


def test_by_itself_is_no_place_within_a_transaction(worker: Engine) -> None:
    with worker.begin() as connection, pytest.raises(InvalidRequestError), by_itself(connection):
        pass


def test_a_connection_that_comes_back_from_the_pool_does_what_it_is_asked_for(worker: Engine) -> None:
    with worker.connect() as connection, by_itself(connection):
        driver = connection.connection.driver_connection
        connection.scalar(text("SELECT 1"))
    with worker.connect() as connection:
        assert connection.connection.driver_connection is driver
        first = connection.scalar(text("SELECT pg_current_xact_id()"))
        assert connection.scalar(text("SELECT pg_current_xact_id()")) == first


def test_by_itself_is_not_ended_by_whoever_had_the_place_in_the_pool_before(database: Database) -> None:
    engine = make_engine(database.worker_url, "test-place", pool_size=1)
    with engine.connect() as broken, ExitStack() as until_later:
        with by_itself(broken):
            broken.invalidate()
            connection = until_later.enter_context(engine.connect())
            until_later.enter_context(by_itself(connection))
        first = connection.scalar(text("SELECT pg_current_xact_id()"))
        assert connection.scalar(text("SELECT pg_current_xact_id()")) != first
    engine.dispose()


def test_by_itself_goes_on_with_a_connection_that_was_made_anew(worker: Engine) -> None:
    with worker.connect() as connection, by_itself(connection):
        connection.invalidate()
        first = connection.scalar(text("SELECT pg_current_xact_id()"))
        assert connection.scalar(text("SELECT pg_current_xact_id()")) != first

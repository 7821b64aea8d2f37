"""A bare Flask view behind the same gunicorn: it reads a job with the query of the API and does nothing else."""

from __future__ import annotations

import os
import uuid
from typing import Any, Final

from flask import Flask, Response, jsonify
from sqlalchemy import Engine, event

from benchmarks.surroundings import ADMIN_URL
from mailsift.api.repository import jobs
from mailsift.shared.db.session import make_engine

_ID: Final = "job_id_1"
"""What SQLAlchemy calls the one parameter of the query that is not always the same."""


def create_app() -> Flask:
    """Build the application, as gunicorn's command line expects it."""
    app = Flask("bare")
    # The owner of the database: no tenant has to be told before the query.
    engine = make_engine(os.environ[ADMIN_URL], "bare-view", pool_size=20)
    query, parameters = _query_for_a_job(engine)

    @app.get("/<uuid:job_id>")
    def show(job_id: uuid.UUID) -> Response:
        with engine.connect() as connection:
            row = connection.exec_driver_sql(query, {**parameters, _ID: job_id}).mappings().one()
        return jsonify(dict(row))

    return app


def _query_for_a_job(engine: Engine) -> tuple[str, dict[str, Any]]:
    """Listen to what the API asks PostgreSQL for a job."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(_: Any, __: Any, statement: str, parameters: dict[str, Any], *___: Any) -> None:
        heard.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", hear)
    with engine.connect() as connection:
        jobs.find(connection, uuid.uuid4())
    event.remove(engine, "before_cursor_execute", hear)
    [(statement, parameters)] = heard
    assert _ID in parameters
    return statement, parameters

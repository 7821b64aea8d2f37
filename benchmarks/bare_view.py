"""A bare Flask view behind the same gunicorn: it reads a job with the query of the API and does nothing else."""

from __future__ import annotations

import os
import uuid

from flask import Flask, Response, jsonify

from benchmarks.surroundings import ADMIN_URL
from mailsift.api.config import TRUSTED_SECONDS
from mailsift.api.repository import jobs
from mailsift.shared.db.session import make_engine


def create_app() -> Flask:
    """Build the application, as gunicorn's command line expects it."""
    app = Flask("bare")
    # The owner of the database: no tenant has to be told before the query.
    engine = make_engine(os.environ[ADMIN_URL], "bare-view", pool_size=20, trusted_seconds=TRUSTED_SECONDS)
    query = jobs.one().statement.replace(":job_id", "%s")

    @app.get("/<uuid:job_id>")
    def show(job_id: uuid.UUID) -> Response:
        with engine.connect() as connection:
            row = connection.exec_driver_sql(query, (job_id,)).mappings().one()
        return jsonify(dict(row))

    return app

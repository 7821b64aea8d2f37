"""Whoever uses a deployment by its API, and whoever looks into its database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from processes import wait_for
from servers import LOOPBACK

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Client:
    """A program that uses the API with its key, all of it in one trace."""

    def __init__(self, port: int | str, key: str) -> None:
        self.key = key
        self.http = httpx.Client(
            base_url=f"http://{LOOPBACK}:{port}",
            headers={"Authorization": f"Bearer {key}", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
            timeout=30,
            trust_env=False,
        )

    def post(self, path: str, **body: Any) -> Mapping[str, Any]:
        return self._checked(self.http.post(path, **body))

    def get(self, path: str) -> Mapping[str, Any]:
        return self._checked(self.http.get(path))

    def wait_for_job(self, job_id: str) -> Mapping[str, Any]:
        def ended() -> Mapping[str, Any] | None:
            job: Mapping[str, Any] = self.get(f"/api/jobs/{job_id}")["job"]
            return job if job["status"] in {"completed", "failed", "dead_letter", "cancelled"} else None

        return wait_for(
            ended, f"job {job_id} to end", seconds=120, hint=lambda: json.dumps(self.get(f"/api/jobs/{job_id}"))
        )

    @staticmethod
    def _checked(response: httpx.Response) -> Mapping[str, Any]:
        assert response.is_success, response.text
        body: Mapping[str, Any] = response.json()
        return body


class Observer:
    """Looks into the database as its owner, and holds tables still so that a kill comes in the middle."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def rows(self, statement: str) -> list[Any]:
        with self._engine.begin() as connection:
            return list(connection.execute(text(statement)).all())

    @contextmanager
    def held(self, table: str, mode: str) -> Iterator[None]:
        with self._engine.begin() as connection:
            connection.execute(text(f'LOCK TABLE "{table}" IN {mode} MODE'))
            yield

    @contextmanager
    def row_taken(self, upload_id: str, number: int) -> Iterator[None]:
        """Keep whoever writes that row of an upload waiting at it."""
        with self._engine.connect() as connection:
            connection.execute(
                text("""
                    INSERT INTO "uploadEmails" ("uploadId", "sequenceNumber", "rowNumber", "isValidFormat", columns)
                    VALUES (:upload_id, :number, :number, false, '{}')"""),
                {"upload_id": upload_id, "number": number},
            )
            yield
            connection.rollback()

    def somebody_waits(self) -> list[Any]:
        return self.rows("SELECT FROM pg_stat_activity WHERE pg_blocking_pids(pid) <> '{}'")

    def waits_for_table(self, table: str) -> Callable[[], list[Any]]:
        return lambda: self.rows(f"""
            SELECT pid FROM pg_locks WHERE NOT granted AND relation = '"{table}"'::regclass""")


@contextmanager
def the_first_client(owner_url: str, port: int | str) -> Iterator[Client]:
    """Make the first workspace with its owner, and use the API at `port` with their key."""
    done = subprocess.run(
        [sys.executable, "-m", "mailsift.api.admin", "bootstrap"],
        env={"DATABASE_URL": owner_url},
        capture_output=True,
        check=True,
        text=True,
    )
    key = dict(line.split("=", 1) for line in done.stdout.splitlines())["apiKey"]
    with a_client(port, key) as client:
        yield client


@contextmanager
def a_client(port: int | str, key: str) -> Iterator[Client]:
    """Use the API at `port` with a key."""
    client = Client(port, key)
    try:
        yield client
    finally:
        client.http.close()

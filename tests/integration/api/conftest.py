"""The application over a database of its own, called by its test client."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from conftest import Database
from factories import Tenant, make_tenant
from mailsift.analyzer.handlers.addresses import analyse_single
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import resolve_domains
from mailsift.analyzer.handlers.lists import analyse_list
from mailsift.analyzer.handlers.scores import score_slice
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.api.app import create_app
from mailsift.api.config import ApiSettings
from mailsift.api.deps import Deps, wire
from mailsift.exporter.handlers import ExporterDeps, export
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.shared.jobs.catalog import JobType
from mailsift.standalone.demo.nameserver import bundled_zone, serving
from pump import Pump

Rows = Callable[..., list[dict[str, Any]]]


class Client:
    """One tenant's program."""

    def __init__(self, client: FlaskClient, tenant: Tenant) -> None:
        self.tenant = tenant
        self._client = client

    def holding(self, key: str) -> Client:
        """Hold another key instead."""
        return Client(self._client, replace(self.tenant, key=key))

    def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        sent = Headers({"Authorization": f"Bearer {self.tenant.key}", **(headers or {})})
        return self._client.open(path, method=method, headers=sent, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.call("POST", path, **options)

    def upload(self, content: bytes = b"email\na@example.com\n", **headers: str) -> dict[str, Any]:
        response = self.post("/api/uploads", data=content, headers={"Content-Type": "text/csv", **headers})
        assert response.status_code == 202, response.text
        body: dict[str, Any] = response.get_json()
        return body


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> ApiSettings:
    return ApiSettings(
        database_url=database.api_url,
        storage_url=f"file://{tmp_path}/storage",
        storage_shared=True,
        max_upload_bytes=1_000_000,
        max_streams=2,
        wait_seconds=2,
        stream_poll_seconds=0.2,
        stream_heartbeat_seconds=0.4,
    )


@pytest.fixture
def parts(settings: ApiSettings) -> Iterator[Deps]:
    deps = wire(settings)
    yield deps
    deps.close()


@pytest.fixture
def http(parts: Deps) -> FlaskClient:
    return create_app(parts).test_client()


@pytest.fixture
def client(http: FlaskClient, tenant: Tenant) -> Client:
    return Client(http, tenant)


@pytest.fixture
def stranger(http: FlaskClient, owner: Engine) -> Client:
    with owner.begin() as connection:
        return Client(http, make_tenant(connection, "Stranger"))


@pytest.fixture
def rows(owner: Engine) -> Rows:
    """Read or change rows past all policies."""

    def execute(statement: str, **parameters: Any) -> list[dict[str, Any]]:
        with owner.begin() as connection:
            result = connection.execute(text(statement), parameters)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    return execute


@pytest.fixture
def stored_objects(tmp_path: Path) -> Callable[[], list[Path]]:
    """List what the storage holds."""
    return lambda: [path for path in (tmp_path / "storage").rglob("*") if path.is_file()]


@pytest.fixture
def no_such_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def pump(worker: Engine, parts: Deps) -> Any:
    """A worker with the handlers of all services, whose nameserver is the demo's."""
    with serving(bundled_zone()) as nameserver:
        probe = DomainProbe(ProbeSettings((nameserver,)), CircuitBreaker(), lambda *_: None)
        analyzer = AnalyzerDeps(probe, nameserver, domains_per_job=10, rows_per_job=10)
        yield Pump(
            worker,
            {
                JobType.FILE_PROCESSING: partial(process_file, IngestDeps(parts.storage, BatchLimits())),
                JobType.SINGLE_ANALYSIS: partial(analyse_single, analyzer),
                JobType.ADVANCED_ANALYSIS: partial(analyse_list, analyzer),
                JobType.DOMAIN_RESOLUTION: partial(resolve_domains, analyzer),
                JobType.EMAIL_SCORING: partial(score_slice, analyzer),
                JobType.EXPORT: partial(export, ExporterDeps(parts.storage, 7)),
            },
        )

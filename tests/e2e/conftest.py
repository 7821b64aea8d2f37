"""The five services as they run in production, over a nameserver that knows some domains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from collector import Collector, collecting
from conftest import Database
from containers import ContainedService, engine
from processes import Service, running
from servers import LOOPBACK, free_port

DOMAINS = 50

ZONE = """
$ORIGIN {domain}.
$TTL 3600
@ IN SOA ns.{domain}. admin.{domain}. 1 3600 600 86400 300
@ IN NS ns.{domain}.
ns IN A 127.0.0.1
@ IN MX 10 mx.{domain}.
mx IN A 192.0.2.1
@ IN TXT "v=spf1 mx -all"
_dmarc IN TXT "v=DMARC1; p=reject"
"""


@pytest.fixture
def nameserver(name_server: Callable[[Mapping[str, str]], str]) -> str:
    return name_server({f"domain{n}.example": ZONE.format(domain=f"domain{n}.example") for n in range(DOMAINS)})


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str, Mapping[str, str]], Service]]:
    """Make a service that is started from this environment, or from its image where `make e2e-images` says so."""
    built: str = request.config.getoption("--images")
    if not built:
        yield partial(Service, folder=tmp_path)
        return
    program, version = Path(built).read_text().split()
    with engine(program) as images:
        yield partial(ContainedService, folder=tmp_path, engine=images, version=version)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def services(  # noqa: PLR0917 - fixtures
    service: Callable[[str, Mapping[str, str]], Service],
    database: Database,
    rabbitmq_url: str,
    nameserver: str,
    collector: Collector,
    tmp_path: Path,
) -> Iterator[Mapping[str, Service]]:
    traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    storage = {"STORAGE_URL": (tmp_path / "objects").as_uri(), "STORAGE_SHARED": "true"}
    worker = {"DATABASE_URL": database.worker_url, "RABBITMQ_URL": rabbitmq_url}
    environments = {
        "api": {"DATABASE_URL": database.api_url, "PORT": str(free_port()), "HOST": LOOPBACK, **storage},
        "dispatcher": {"DATABASE_URL": database.dispatcher_url, "RABBITMQ_URL": rabbitmq_url, **storage},
        "ingest": {**worker, **storage, "BATCH_ROWS": "500"},
        "analyzer": {**worker, "NAMESERVERS": nameserver, "ROWS_PER_JOB": "1000", "DOMAINS_PER_JOB": "10"},
        "exporter": {**worker, **storage},
    }
    services = {name: service(name, traces | environment) for name, environment in environments.items()}
    with running(services):
        yield services

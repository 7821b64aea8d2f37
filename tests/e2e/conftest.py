"""The five services as they run in production, over a nameserver that knows some domains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from collector import Collector, collecting
from conftest import Database
from containers import ContainedService, engine
from processes import COMMANDS, Service, running
from releases import Release
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


@dataclass(frozen=True, slots=True)
class Site:
    """Where a deployment stands: all that its services are told but for their database. Files are below `folder`."""

    rabbitmq_url: str
    nameserver: str
    folder: Path
    port: int = field(default_factory=free_port)

    def environments(self, database: Database) -> Mapping[str, Mapping[str, str]]:
        """What each of the five is told."""
        storage = {"STORAGE_URL": (self.folder / "objects").as_uri(), "STORAGE_SHARED": "true"}
        broker = {"RABBITMQ_URL": self.rabbitmq_url}
        worker = {"DATABASE_URL": database.worker_url, **broker}
        return {
            "api": {"DATABASE_URL": database.api_url, "PORT": str(self.port), "HOST": LOOPBACK, **storage},
            "dispatcher": {"DATABASE_URL": database.dispatcher_url, **broker, **storage},
            "ingest": {**worker, **storage, "BATCH_ROWS": "500"},
            "analyzer": {**worker, "NAMESERVERS": self.nameserver, "ROWS_PER_JOB": "1000", "DOMAINS_PER_JOB": "10"},
            "exporter": {**worker, **storage},
        }

    def services(self, database: Database, *words: str, release: Release | None = None) -> dict[str, Service]:
        """Return services of a release, or of this one where none is given; all five where no words are."""
        told = self.environments(database)
        logs = self.folder / ("logs" if release is None else "logs-of-the-earlier")
        logs.mkdir(parents=True, exist_ok=True)
        commands = {word: COMMANDS[word] for word in words or told}
        if release is not None:
            commands = {word: release.command(command) for word, command in commands.items()}
        return {word: Service(word, told[word], logs, command) for word, command in commands.items()}


@pytest.fixture
def site(rabbitmq_url: str, nameserver: str, tmp_path: Path) -> Site:
    return Site(rabbitmq_url, nameserver, tmp_path)


@pytest.fixture
def services(
    service: Callable[[str, Mapping[str, str]], Service], database: Database, site: Site, collector: Collector
) -> Iterator[Mapping[str, Service]]:
    traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    services = {name: service(name, {**traces, **told}) for name, told in site.environments(database).items()}
    with running(services):
        yield services

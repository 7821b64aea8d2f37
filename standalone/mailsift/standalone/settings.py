"""The settings of every service, made here: what the user's environment happens to hold says nothing."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from mailsift.analyzer.config import AnalyzerSettings
from mailsift.api.config import ApiSettings
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.exporter.config import ExporterSettings
from mailsift.ingest.config import IngestSettings
from mailsift.standalone.asking import Asking
from mailsift.standalone.database import API, DISPATCHER, WORKER, Database
from mailsift.standalone.home import Home

# The disk is the limit.
_MAX_UPLOAD_BYTES = 1024**4
# Whoever gives a workbook to his own machine has the memory for it.
_WORKBOOK_MEMORY_BYTES = 2 * 1024**3
_WORKBOOK_CPU_SECONDS = 3600
_NO_RABBITMQ = "amqp://in-process"


class _Sealed(BaseSettings):
    """Settings of the values they are given, and defaults."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ask no other source."""
        return (init_settings,)


class _Ingest(_Sealed, IngestSettings):
    """Ingest's."""


class _Analyzer(_Sealed, AnalyzerSettings):
    """The analyzer's."""


class _Exporter(_Sealed, ExporterSettings):
    """The exporter's."""


class _Dispatcher(_Sealed, DispatcherSettings):
    """The dispatcher's."""


class _Api(_Sealed, ApiSettings):
    """The API's."""


@dataclass(frozen=True, slots=True)
class AllSettings:
    """The settings of all services that run in one process."""

    ingest: IngestSettings
    analyzer: AnalyzerSettings
    exporter: ExporterSettings
    dispatcher: DispatcherSettings
    api: ApiSettings


def all_settings(home: Home, database: Database, asking: Asking) -> AllSettings:
    """Make the settings of all services: one database in several roles, one folder of files."""
    worker_url = database.url(WORKER)
    files = home.objects.as_uri()
    return AllSettings(
        ingest=_Ingest(
            database_url=worker_url,
            rabbitmq_url=_NO_RABBITMQ,
            storage_url=files,
            storage_shared=True,
            max_workbook_bytes=_MAX_UPLOAD_BYTES,
            max_workbook_expanded_bytes=_MAX_UPLOAD_BYTES,
            workbook_memory_bytes=_WORKBOOK_MEMORY_BYTES,
            workbook_cpu_seconds=_WORKBOOK_CPU_SECONDS,
            nameservers=asking.nameservers,
            max_upload_bytes=_MAX_UPLOAD_BYTES,
        ),
        analyzer=_Analyzer(
            database_url=worker_url,
            rabbitmq_url=_NO_RABBITMQ,
            nameservers=asking.nameservers,
            dns_query_seconds=asking.query_seconds,
            dns_tries=asking.tries,
            dns_concurrency=asking.domains_at_once,
            # There is one workspace, and the nameservers are its own affair.
            dns_domains_per_second=0,
            lists_folder=home.lists,
        ),
        exporter=_Exporter(
            database_url=worker_url,
            rabbitmq_url=_NO_RABBITMQ,
            storage_url=files,
            storage_shared=True,
            nameservers=asking.nameservers,
        ),
        dispatcher=_Dispatcher(
            database_url=database.url(DISPATCHER), rabbitmq_url=_NO_RABBITMQ, storage_url=files, storage_shared=True
        ),
        api=_Api(
            database_url=database.url(API),
            storage_url=files,
            storage_shared=True,
            max_upload_bytes=_MAX_UPLOAD_BYTES,
        ),
    )

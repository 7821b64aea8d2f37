"""What ingest reads from its environment."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import FilePath, PositiveFloat, PositiveInt, field_validator
from pydantic_settings import NoDecode

from mailsift.shared.settings import ResolverSettings, StorageSettings, WorkerSettings


class IngestSettings(WorkerSettings, StorageSettings, ResolverSettings):
    """How lists are loaded, workbooks read, and lists fetched that lie elsewhere. Times are in seconds."""

    # A transaction ends at so many rows or seconds, whichever comes first.
    batch_rows: PositiveInt = 250_000
    batch_seconds: PositiveFloat = 5
    # Of what is packed.
    max_expanded_bytes: PositiveInt = 17_179_869_184
    max_workbook_bytes: PositiveInt = 268_435_456
    max_workbook_expanded_bytes: PositiveInt = 4_294_967_296
    workbook_memory_bytes: PositiveInt = 402_653_184
    workbook_cpu_seconds: PositiveInt = 900
    workbook_silent_seconds: PositiveFloat = 120
    workbooks_at_once: PositiveInt = 1

    max_upload_bytes: PositiveInt = 2 * 1024**3
    fetch_connect_seconds: PositiveFloat = 10
    # Between two pieces of the file.
    fetch_idle_seconds: PositiveFloat = 30
    fetch_total_seconds: PositiveFloat = 3600
    # Besides the public internet, and the authorities that are trusted there.
    fetch_networks: Annotated[tuple[str, ...], NoDecode] = ()
    fetch_ca_file: FilePath | None = None

    @field_validator("fetch_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("fetch_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

"""What ingest reads from its environment."""

from __future__ import annotations

from pydantic import FilePath, PositiveFloat, PositiveInt

from mailsift.shared.settings import Networks, ResolverSettings, StorageSettings, WorkerSettings


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
    fetch_networks: Networks = ()
    fetch_ca_file: FilePath | None = None

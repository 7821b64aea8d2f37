"""What ingest reads from its environment."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt

from mailsift.shared.settings import StorageSettings, WorkerSettings


class IngestSettings(WorkerSettings, StorageSettings):
    """A transaction ends at so many rows or seconds, whichever comes first; workbooks are read within limits."""

    batch_rows: PositiveInt = 250_000
    batch_seconds: PositiveFloat = 5
    max_workbook_bytes: PositiveInt = 268_435_456
    max_workbook_expanded_bytes: PositiveInt = 4_294_967_296
    workbook_memory_bytes: PositiveInt = 402_653_184
    workbook_cpu_seconds: PositiveInt = 900
    workbook_silent_seconds: PositiveFloat = 120
    workbooks_at_once: PositiveInt = 1

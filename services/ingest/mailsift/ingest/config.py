"""What ingest reads from its environment."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt

from mailsift.shared.settings import StorageSettings, WorkerSettings


class IngestSettings(WorkerSettings, StorageSettings):
    """A transaction ends at so many rows or seconds, whichever comes first."""

    batch_rows: PositiveInt = 250_000
    batch_seconds: PositiveFloat = 5

"""What the exporter needs from its environment."""

from __future__ import annotations

from pydantic import PositiveInt

from mailsift.shared.settings import StorageSettings, WorkerSettings


class ExporterSettings(WorkerSettings, StorageSettings):
    """The environment of an exporter."""

    retain_export_days: PositiveInt = 7
    max_export_bytes: PositiveInt = 64 * 1024**3

"""What the exporter needs from its environment."""

from __future__ import annotations

from pydantic import FilePath, PositiveFloat, PositiveInt

from mailsift.shared.settings import Networks, ResolverSettings, StorageSettings, WorkerSettings


class ExporterSettings(WorkerSettings, StorageSettings, ResolverSettings):
    """How long files are kept, and how webhooks are told. Times are in seconds."""

    retain_export_days: PositiveInt = 7
    max_export_bytes: PositiveInt = 64 * 1024**3

    # One try, from the look-up of the name to the answer.
    webhook_seconds: PositiveFloat = 15
    webhook_retry_base_seconds: PositiveFloat = 15
    webhook_retry_cap_seconds: PositiveFloat = 12 * 3600
    webhook_give_up_hours: PositiveFloat = 72
    webhook_disable_days: PositiveFloat = 5
    # Besides the public internet, and the authorities that are trusted there.
    webhook_networks: Networks = ()
    webhook_ca_file: FilePath | None = None

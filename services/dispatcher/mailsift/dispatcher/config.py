"""The dispatcher's settings."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt

from mailsift.shared.settings import BrokerSettings, RetrySettings, ScoringSettings, Settings, StorageSettings


class DispatcherSettings(Settings, BrokerSettings, RetrySettings, StorageSettings, ScoringSettings):
    """What the dispatcher reads from its environment. Times are in seconds."""

    poll_seconds: PositiveFloat = 1
    republish_seconds: PositiveFloat = 120
    reap_seconds: PositiveFloat = 5
    reconcile_seconds: PositiveFloat = 60
    observe_seconds: PositiveFloat = 15
    dispatch_window: PositiveInt = 200
    retention_seconds: PositiveFloat = 60
    retain_source_days: PositiveInt = 30
    retain_previews_hours: PositiveInt = 1
    retain_rows_days: PositiveInt = 90
    retain_jobs_days: PositiveInt = 30
    retain_outcomes_days: PositiveInt = 365
    retain_deliveries_days: PositiveInt = 30
    retain_orphans_hours: PositiveInt = 24
    webhook_progress_seconds: PositiveFloat = 10


class ErasingSettings(Settings, StorageSettings):
    """What the operator's command reads besides, where files are to be looked through."""

"""The dispatcher's settings."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt

from mailsift.shared.settings import BrokerSettings, Settings


class DispatcherSettings(Settings, BrokerSettings):
    """What the dispatcher reads from its environment. Times are in seconds."""

    poll_seconds: PositiveFloat = 1
    republish_seconds: PositiveFloat = 120
    reap_seconds: PositiveFloat = 5
    dispatch_window: PositiveInt = 200

"""Wires the exporter; what Dramatiq's command line runs: `dramatiq mailsift.exporter.worker:set_up`."""

from __future__ import annotations

import datetime as dt
from functools import partial

from mailsift.exporter.actors import declare_actors
from mailsift.exporter.config import ExporterSettings
from mailsift.exporter.delivering import Courier
from mailsift.exporter.handlers import ExporterDeps
from mailsift.exporter.webhooks.judging import Patience
from mailsift.exporter.webhooks.sending import Sender
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.worker import become_worker
from mailsift.shared.networks import Reach
from mailsift.shared.outbound.dialing import Dialer
from mailsift.shared.outbound.names import Names
from mailsift.shared.settings import load_or_exit
from mailsift.shared.storage import Storage


def make_deps(settings: ExporterSettings) -> ExporterDeps:
    """Build what the handlers work with."""
    return ExporterDeps(
        Storage(settings.storage_url), settings.retain_export_days, settings.max_export_bytes, _make_courier(settings)
    )


def _make_courier(settings: ExporterSettings) -> Courier:
    reach, names = Reach(settings.webhook_networks), Names(settings.nameservers, settings.webhook_seconds)
    dialer = Dialer(reach, names, settings.webhook_seconds, settings.webhook_ca_file)
    base = settings.webhook_retry_base_seconds
    return Courier(
        Sender(dialer, settings.webhook_seconds),
        Patience(
            # As much again at random: what failed together does not return together.
            Schedule(base, settings.webhook_retry_cap_seconds, base),
            give_up_after=dt.timedelta(hours=settings.webhook_give_up_hours),
            disable_after=dt.timedelta(days=settings.webhook_disable_days),
        ),
    )


def set_up() -> None:
    """Make this process a worker of the exporter, from its environment."""
    settings = load_or_exit(ExporterSettings)
    become_worker("exporter", settings, partial(declare_actors, deps=make_deps(settings)))

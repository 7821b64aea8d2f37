"""Which message runs which handler."""

from __future__ import annotations

from functools import partial

import dramatiq

from mailsift.analyzer.handlers.addresses import analyse_single
from mailsift.analyzer.handlers.audits import analyse_domain
from mailsift.analyzer.handlers.deps import AnalyzerDeps
from mailsift.analyzer.handlers.domains import resolve_domains
from mailsift.analyzer.handlers.lists import analyse_list
from mailsift.analyzer.handlers.scores import score_slice
from mailsift.shared.jobs.actors import declare_actor
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.runner import JobRunner


def declare_actors(broker: dramatiq.Broker, runner: JobRunner, deps: AnalyzerDeps) -> None:
    """Declare every actor of the analyzer."""
    declare_actor(broker, runner, JobType.BULK_ANALYSIS, partial(analyse_list, deps))
    declare_actor(broker, runner, JobType.ADVANCED_ANALYSIS, partial(analyse_list, deps))
    declare_actor(broker, runner, JobType.SINGLE_ANALYSIS, partial(analyse_single, deps))
    declare_actor(broker, runner, JobType.DOMAIN_ANALYSIS, partial(analyse_domain, deps))
    declare_actor(broker, runner, JobType.DOMAIN_RESOLUTION, partial(resolve_domains, deps))
    declare_actor(broker, runner, JobType.EMAIL_SCORING, partial(score_slice, deps))

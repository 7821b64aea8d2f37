"""Checks single addresses, several at a time, and answers in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mailsift.api.schemas.results import Result
from mailsift.api.schemas.scoring import PolicyShown
from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy
from mailsift.shared.verdicts import Status
from mailsift.standalone.client import Client
from mailsift.standalone.errors import InputError, RefusedError, RunFailedError
from mailsift.standalone.verifying import require_success, wait_for_end

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer for one address, and what concerns its making."""

    result: Result
    evidence: Mapping[str, Any] | None
    scoring: PolicyShown | None
    notices: tuple[str, ...]
    is_cached: bool
    """It was answered from what was known, asking nobody."""


def check_all(client: Client, addresses: Sequence[str], scoring: ScoringPolicy = DEFAULT_POLICY) -> Iterator[Checked]:
    """Check addresses; answers come in their order, each as soon as it and those before it are there."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda address: _check(client, address, scoring), addresses)


def _check(client: Client, address: str, scoring: ScoringPolicy) -> Checked:
    try:
        accepted = client.analyse_address(address, scoring)
    except RefusedError as error:
        if error.code == "validation_failed":
            raise InputError("invalid_address", f"{address!r} cannot be checked: {error}") from error
        raise
    result, evidence = accepted.result, accepted.evidence
    if result is None:
        require_success(wait_for_end(client, accepted.job_id))
        result = next(client.results(accepted.analysis_id), None)
    if result is None:
        raise RunFailedError("no_result", f"the analysis of {address!r} ended without an answer")
    if evidence is not None and result.status is not Status.UNKNOWN:
        return Checked(result, evidence, accepted.scoring, (), accepted.cached_emails > 0)
    analysis = client.find_analysis(accepted.analysis_id)
    notices = tuple(analysis.notices if result.status is Status.UNKNOWN else ())
    return Checked(result, analysis.evidence, analysis.scoring, notices, analysis.cached_emails > 0)

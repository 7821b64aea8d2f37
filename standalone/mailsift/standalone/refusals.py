"""Says in our words what an answer means that is no success."""

from __future__ import annotations

import httpx
from pydantic import ValidationError

from mailsift.api.schemas.problems import ProblemDocument
from mailsift.standalone.errors import RefusedError, ServerGoneError

_AWAY = frozenset({httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT})


def problem_of(response: httpx.Response) -> RefusedError | ServerGoneError:
    """Say in our words what an answer that is no success means."""
    try:
        problem = ProblemDocument.model_validate_json(response.content)
    except ValidationError:
        # Not the API, but what stands in front of it, or something else altogether.
        said = f"{response.url.host} answers {response.status_code} {response.reason_phrase}"
        return ServerGoneError(said) if response.status_code in _AWAY else RefusedError("no_mailsift", said)
    return (
        ServerGoneError(problem.detail) if response.status_code in _AWAY else RefusedError(problem.code, problem.detail)
    )

from __future__ import annotations

import httpx
import pytest

from mailsift.standalone.errors import RefusedError, ServerGoneError
from mailsift.standalone.refusals import problem_of

REQUEST = httpx.Request("GET", "https://mailsift.example/api/jobs")


def problem(status: int, code: str) -> httpx.Response:
    body = {"type": "/", "title": "t", "status": status, "detail": "what happened", "code": code, "requestId": "1"}
    return httpx.Response(status, json=body, request=REQUEST)


def test_a_problem_keeps_its_code_and_its_words() -> None:
    found = problem_of(problem(404, "not_found"))
    assert isinstance(found, RefusedError)
    assert (found.code, str(found), found.exit_code) == ("not_found", "what happened", 1)


@pytest.mark.parametrize(
    "response", [problem(503, "temporarily_unavailable"), httpx.Response(502, text="<html>", request=REQUEST)]
)
def test_an_api_that_is_away_may_be_asked_again(response: httpx.Response) -> None:
    assert isinstance(problem_of(response), ServerGoneError)


def test_what_is_no_mailsift_is_named() -> None:
    found = problem_of(httpx.Response(404, text="<html>", request=REQUEST))
    assert (found.code, str(found)) == ("no_mailsift", "mailsift.example answers 404 Not Found")

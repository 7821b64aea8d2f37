"""What routes share: reading within the caller's workspace, who asks, and how an accepted request is answered."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from flask import g, request
from sqlalchemy import Connection

from mailsift.api.actions.once import HEADER, Asked
from mailsift.api.auth import principal
from mailsift.api.deps import deps
from mailsift.api.problems import Problem
from mailsift.api.schemas.base import Answer
from mailsift.api.schemas.jobs import RequestedAs
from mailsift.api.wording.languages import Language
from mailsift.shared.db.session import tenant_reading

Found = TypeVar("Found")
Replied = tuple[Answer, int, dict[str, str]]

_JSON = "application/json"


@contextmanager
def reading() -> Iterator[Connection]:
    """Open a connection that shows the caller's workspace, for reading only."""
    with tenant_reading(deps().engine, principal().workspace_id) as connection:
        yield connection


def found(thing: Found | None, name: str) -> Found:
    """Return what was found. Raises Problem when there is nothing, or nothing of this workspace: nobody can tell."""
    if thing is None:
        raise Problem("not_found", f"there is no such {name}")
    return thing


def asked(requested_as: RequestedAs | None = None) -> Asked:
    """Say who asks, in which trace, under which Idempotency-Key, and by which word that is no type of ours."""
    trace_context = None if g.trace is None else str(g.trace)
    return Asked(principal(), g.trace_id, request.headers.get(HEADER), requested_as, trace_context)


def language() -> Language:
    """Choose the language of an answer that has words for people."""
    return Language(request.accept_languages.best_match([each.value for each in Language]) or Language.ENGLISH)


def spoken(words: Language) -> dict[str, str]:
    """Say in which language an answer is, and that another request may get it in another."""
    return {"Content-Language": words.value, "Vary": "Accept-Language"}


def created(answer: Answer, location: str, *, replayed: bool) -> Replied:
    """Answer a request that made something."""
    return answer, HTTPStatus.CREATED.value, {"Location": location, **repeated(replayed=replayed)}


def accepted(answer: Answer, resource: str, resource_id: uuid.UUID, *, replayed: bool) -> Replied:
    """Answer a request whose job is queued."""
    location = f"/api/{resource}/{resource_id}"
    return answer, HTTPStatus.ACCEPTED.value, {"Location": location, **repeated(replayed=replayed)}


def repeated(*, replayed: bool) -> dict[str, str]:
    """Say of an answer, in its headers, that the same request had it before."""
    return {"Idempotency-Replayed": "true"} if replayed else {}


def optional_json() -> object:
    """Read the body, where there is one. Raises Problem."""
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return {}
    if request.mimetype != _JSON:
        raise Problem("unsupported_media_type", f"send the body as {_JSON}")
    return request.get_json()

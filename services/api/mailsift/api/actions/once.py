"""Idempotency-Key: the same request, sent twice, makes one thing and gets one answer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from mailsift.api.principal import Principal
from mailsift.api.problems import Problem, invalid
from mailsift.api.repository import idempotency
from mailsift.api.repository.idempotency import Remembered
from mailsift.api.schemas.base import Answer

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Accepted = TypeVar("Accepted", bound=Answer)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, in which trace, under which Idempotency-Key and by which word that is no type of ours, if any."""

    principal: Principal
    trace_id: str
    key: str | None = None
    requested_as: str | None = None
    # The traceparent that what is asked for stands below, if there is one.
    trace_context: str | None = None

    def __post_init__(self) -> None:
        """Refuse a key that no client would make on purpose. Raises Problem."""
        if self.key is not None and not _KEY.fullmatch(self.key):
            raise invalid(HEADER, "1 to 255 visible ASCII characters")


def fingerprint(*parts: str) -> bytes:
    """Tell requests apart by what they ask for."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


def once(
    connection: Connection, asked: Asked, request: bytes, answer: type[Accepted], create: Callable[[], Accepted]
) -> tuple[Accepted, bool]:
    """Create a thing, or return the answer that the same request got before (and True)."""
    if asked.key is None:
        return create(), False
    workspace_id = asked.principal.workspace_id
    before = idempotency.recall(connection, workspace_id, asked.key)
    if before is not None:
        if before.request_hash != request:
            raise Problem("idempotency_key_reused", "this key was used for another request; take a new one")
        return answer.model_validate(before.response), True
    created = create()
    body = created.model_dump(mode="json", by_alias=True)
    idempotency.remember(connection, workspace_id, asked.key, Remembered(request, body))
    return created, False

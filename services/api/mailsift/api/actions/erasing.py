"""Asks for the erasure of a person's data."""

from __future__ import annotations

from sqlalchemy import Connection

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import erasures
from mailsift.api.schemas.erasures import Erasure, ErasureRequest
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction

MOST_OPEN = 100
"""Erasures of a workspace that may be under way at once: each searches everything, at least twice."""


def erase(deps: Deps, asked: Asked, request: ErasureRequest) -> tuple[Erasure, bool]:
    """Have a person's data erased from the workspace. Raises Problem."""
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:

        def add() -> Erasure:
            _check_open(connection, asked.principal)
            erasure_id = erasures.add(connection, asked.principal, request.addresses)
            # Neither here nor in any log stands whose it is.
            record(connection, asked.principal, Activity.ERASURE_REQUESTED, erasure_id)
            made = erasures.find(connection, erasure_id)
            if made is None:
                raise Problem("internal_error", "the erasure is not there")
            return made

        return once(connection, asked, fingerprint("erasures", *request.addresses), Erasure, add)


def _check_open(connection: Connection, principal: Principal) -> None:
    erasures.write_alone(connection, principal.workspace_id)
    if erasures.count_open(connection) >= MOST_OPEN:
        raise Problem(
            "too_many_erasures",
            f"{MOST_OPEN} are under way: ask again when some are completed, and name all addresses of a person in one",
        )

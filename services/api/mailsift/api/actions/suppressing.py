"""Suppresses addresses and domains, and lets them go again."""

from __future__ import annotations

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.repository import suppressions
from mailsift.api.schemas.suppressions import (
    SuppressionsAdded,
    SuppressionsRemoval,
    SuppressionsRemoved,
    SuppressionsRequest,
)
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction


def suppress(deps: Deps, asked: Asked, request: SuppressionsRequest) -> tuple[SuppressionsAdded, bool]:
    """Suppress what is not suppressed yet. Raises Problem."""
    workspace_id = asked.principal.workspace_id
    values = dict.fromkeys(request.values)
    with tenant_transaction(deps.engine, workspace_id) as connection:

        def add() -> SuppressionsAdded:
            suppressions.write_alone(connection, workspace_id)
            added = suppressions.add(connection, workspace_id, values.keys(), request.reason)
            if added:
                record(connection, asked.principal, Activity.SUPPRESSIONS_ADDED, workspace_id, {"added": added})
            return SuppressionsAdded(added=added, already_suppressed=len(values) - added)

        return once(connection, asked, _fingerprint(request), SuppressionsAdded, add)


def release(deps: Deps, principal: Principal, request: SuppressionsRemoval) -> SuppressionsRemoved:
    """Suppress no longer what is. Raises Problem."""
    workspace_id = principal.workspace_id
    with tenant_transaction(deps.engine, workspace_id) as connection:
        suppressions.write_alone(connection, workspace_id)
        removed = suppressions.remove(connection, workspace_id, dict.fromkeys(request.values).keys())
        if removed:
            record(connection, principal, Activity.SUPPRESSIONS_REMOVED, workspace_id, {"removed": removed})
    return SuppressionsRemoved(removed=removed)


def _fingerprint(request: SuppressionsRequest) -> bytes:
    return fingerprint("suppressions", request.reason or "", *(value.value for value in request.values))

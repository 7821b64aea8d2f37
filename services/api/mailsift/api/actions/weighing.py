"""Settles by which policy a request is judged, and keeps what a workspace wants weighed otherwise."""

from __future__ import annotations

from sqlalchemy import Connection

from mailsift.api.deps import Deps
from mailsift.api.faults import Fault
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import workspaces
from mailsift.api.schemas.scoring import PolicyShown, Scoring, WorkspaceScoring
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.scoring import own_policy, policy_for
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.scoring_policy import DEFAULT_POLICY, PolicyError, ScoringPolicy, parse_policy


def settle(connection: Connection, deps: Deps, principal: Principal, asked: Scoring | None = None) -> ScoringPolicy:
    """Settle the policy of a request: what it says, above its workspace, above the operator. Raises Problem."""
    return policy_for(connection, principal.workspace_id, deps.settings.scoring_policy, read_scoring("scoring", asked))


def show(connection: Connection, deps: Deps, principal: Principal) -> WorkspaceScoring:
    """Show what a workspace says, and what holds."""
    own = own_policy(connection, principal.workspace_id)
    effective = policy_for(connection, principal.workspace_id, deps.settings.scoring_policy)
    return WorkspaceScoring(own=None if own is None else own.said(), effective=PolicyShown.of(effective))


def change(deps: Deps, principal: Principal, wanted: Scoring | None) -> WorkspaceScoring:
    """Weigh otherwise from now on, or with None as the operator does. Raises Problem."""
    own = None if wanted is None else read_scoring("", wanted)
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        workspaces.set_scoring(connection, principal.workspace_id, None if own is None else own.said())
        details = {"fingerprint": (own or DEFAULT_POLICY).fingerprint, "own": own is not None}
        record(connection, principal, Activity.SCORING_CHANGED, principal.workspace_id, details)
        return show(connection, deps, principal)


def read_scoring(field: str, said: Scoring | None) -> ScoringPolicy:
    """Read what is said of the scoring in that field of a request. Raises Problem."""
    try:
        return DEFAULT_POLICY if said is None else parse_policy(said.said())
    except PolicyError as error:
        where = ".".join(part for part in (field, error.field) if part)
        raise Problem("invalid_scoring", f"{where}: {error.message}", faults=[Fault(where, error.message)]) from error

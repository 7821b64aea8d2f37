"""By which policy the addresses of a workspace are judged."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, text

from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy

_OWN = text("""SELECT scoring FROM workspaces WHERE "workspaceId" = :workspace_id""")


def own_policy(connection: Connection, workspace_id: uuid.UUID) -> ScoringPolicy | None:
    """Read what a workspace wants weighed otherwise; None when it has said nothing."""
    stored = connection.scalar(_OWN, {"workspace_id": workspace_id})
    return None if stored is None else ScoringPolicy.from_json(stored)


def policy_for(
    connection: Connection,
    workspace_id: uuid.UUID,
    operator: ScoringPolicy | None,
    asked: ScoringPolicy = DEFAULT_POLICY,
) -> ScoringPolicy:
    """Put what a request says above what its workspace says, and that above what the operator says."""
    own = own_policy(connection, workspace_id) or DEFAULT_POLICY
    return asked.over(own.over(operator or DEFAULT_POLICY))

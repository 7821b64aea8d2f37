"""The first workspace, its owner and keys; with the owner's role, which stands above row-level security."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, or_, select, update
from uuid_utils.compat import uuid7

from mailsift.api.credentials import Secret
from mailsift.shared.db import locks
from mailsift.shared.db.tables import ApiKey, UserProfile, Workspace, WorkspaceMember
from mailsift.shared.plans import Plan
from mailsift.shared.verdicts import MemberRole


@dataclass(frozen=True, slots=True)
class Owner:
    """A workspace and who owns it."""

    workspace_id: uuid.UUID
    user_id: uuid.UUID


def ensure_owner(connection: Connection, workspace_name: str, email: str | None, plan: Plan) -> Owner:
    """Return the oldest workspace and its owner, made now, on that plan, if there is none. Two at once make one."""
    locks.hold(connection, "mailsift bootstrap")
    query = (
        select(Workspace.workspace_id, WorkspaceMember.user_id)
        .join(WorkspaceMember, WorkspaceMember.workspace_id == Workspace.workspace_id)
        .where(WorkspaceMember.role == MemberRole.OWNER)
        .order_by(Workspace.created_at, Workspace.workspace_id)
    )
    row = connection.execute(query.limit(1)).first()
    if row is not None:
        return Owner(*row)
    owner = Owner(uuid7(), uuid.uuid4())
    workspace = {"workspace_id": owner.workspace_id, "name": workspace_name, "plan": plan.value}
    connection.execute(insert(Workspace), workspace)
    connection.execute(insert(UserProfile), {"user_id": owner.user_id, "email": email})
    member = {"workspace_id": owner.workspace_id, "user_id": owner.user_id, "role": MemberRole.OWNER.value}
    connection.execute(insert(WorkspaceMember), member)
    return owner


def set_plan(connection: Connection, workspace_id: uuid.UUID, plan: Plan) -> bool:
    """Put a workspace on a plan; False when there is no such workspace."""
    both = or_(Workspace.workspace_id == workspace_id, Workspace.sandbox_of == workspace_id)
    moved = update(Workspace).where(both).values(plan=plan.value)
    return connection.execute(moved).rowcount > 0


def has_key(connection: Connection, owner: Owner) -> bool:
    """Tell whether any key opens this workspace."""
    opens = (
        ApiKey.workspace_id == owner.workspace_id,
        ApiKey.revoked_at.is_(None),
        ApiKey.expires_at.is_(None) | (ApiKey.expires_at > func.now()),
    )
    return connection.scalar(select(ApiKey.api_key_id).where(*opens).limit(1)) is not None


def add_key(connection: Connection, owner: Owner, name: str, secret: Secret) -> None:
    """Write a key, of which only the hash is known here."""
    connection.execute(
        insert(ApiKey),
        {
            "api_key_id": uuid7(),
            "workspace_id": owner.workspace_id,
            "user_id": owner.user_id,
            "name": name,
            "prefix": secret.prefix,
            "key_hash": secret.hash,
        },
    )

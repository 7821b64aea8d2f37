"""Members of the workspace that is open."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, text, update

from mailsift.api.repository.pages import newest_first
from mailsift.api.schemas import members as schemas
from mailsift.api.schemas.base import Listing
from mailsift.shared.db import locks
from mailsift.shared.db.tables import UserProfile, WorkspaceMember
from mailsift.shared.verdicts import MemberRole

_PERSON = text("SELECT person_of(:email, :id)")


def write_alone(connection: Connection, workspace_id: uuid.UUID) -> None:
    """Be the only one who changes who belongs to a workspace until the transaction ends."""
    locks.hold(connection, f"members {workspace_id}")


def person(connection: Connection, email: str) -> uuid.UUID:
    """Return who has that address, known from now on if it was nobody."""
    # At random: an id that tells its time would tell one workspace since when a person belongs to another.
    found: uuid.UUID = connection.execute(_PERSON, {"email": email, "id": uuid.uuid4()}).scalar_one()
    return found


def add_person(connection: Connection, user_id: uuid.UUID) -> None:
    """Write a person without an address."""
    connection.execute(insert(UserProfile), {"user_id": user_id})


def add(connection: Connection, workspace_id: uuid.UUID, user_id: uuid.UUID, role: MemberRole) -> None:
    """Let a person belong to the workspace."""
    member = {"workspace_id": workspace_id, "user_id": user_id, "role": role.value}
    connection.execute(insert(WorkspaceMember), member)


def change(connection: Connection, user_id: uuid.UUID, role: MemberRole) -> None:
    """Give a member another role."""
    connection.execute(update(WorkspaceMember).where(WorkspaceMember.user_id == user_id).values(role=role.value))


def remove(connection: Connection, user_id: uuid.UUID) -> None:
    """Let a person belong to the workspace no longer."""
    connection.execute(delete(WorkspaceMember).where(WorkspaceMember.user_id == user_id))


def find(connection: Connection, user_id: uuid.UUID) -> schemas.Member | None:
    """Read one."""
    row = connection.execute(_members().where(WorkspaceMember.user_id == user_id)).mappings().first()
    return None if row is None else schemas.Member.model_validate(dict(row))


def is_last_owner(connection: Connection, user_id: uuid.UUID) -> bool:
    """Tell whether nobody would own the workspace without that member."""
    query = select(WorkspaceMember.user_id).where(WorkspaceMember.role == MemberRole.OWNER.value)
    return set(connection.scalars(query)) == {user_id}


def page(connection: Connection, listing: Listing) -> schemas.MemberPage:
    """Read a page of members."""
    rows, following = newest_first(connection, _members(), listing, WorkspaceMember.created_at, WorkspaceMember.user_id)
    return schemas.MemberPage(items=[schemas.Member.model_validate(dict(row)) for row in rows], next=following)


def _members() -> Select[*tuple[Any, ...]]:
    columns = (WorkspaceMember.user_id, UserProfile.email, WorkspaceMember.role, WorkspaceMember.created_at)
    return select(*columns).join(UserProfile, UserProfile.user_id == WorkspaceMember.user_id)

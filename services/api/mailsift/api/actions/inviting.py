"""Says who belongs to a workspace, and as what."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.deps import Deps
from mailsift.api.permissions import ROLES
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import keys, members
from mailsift.api.schemas.members import Member, MemberRequest
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.verdicts import MemberRole


def add(deps: Deps, asked: Asked, request: MemberRequest) -> tuple[Member, bool]:
    """Let a person belong to the workspace. Raises Problem."""
    who = asked.principal
    asks_for = fingerprint("member", request.model_dump_json())
    with tenant_transaction(deps.engine, who.workspace_id) as connection:

        def make() -> Member:
            members.write_alone(connection, who.workspace_id)
            _refuse_above(who, request.role)
            user_id = members.person(connection, request.email)
            if members.find(connection, user_id) is not None:
                raise Problem("already_a_member", "change the role instead")
            members.add(connection, who.workspace_id, user_id, request.role)
            record(connection, who, Activity.MEMBER_ADDED, user_id, {"role": request.role.value})
            return _found(connection, user_id)

        return once(connection, asked, asks_for, Member, make)


def change(deps: Deps, principal: Principal, user_id: uuid.UUID, role: MemberRole) -> Member:
    """Give a member another role. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        before = _touchable(connection, principal, user_id)
        _refuse_above(principal, role)
        if role is not MemberRole.OWNER:
            _keep_an_owner(connection, user_id)
        if before.role is not role:
            members.change(connection, user_id, role)
            details = {"from": before.role.value, "role": role.value}
            record(connection, principal, Activity.MEMBER_CHANGED, user_id, details)
        return _found(connection, user_id)


def remove(deps: Deps, principal: Principal, user_id: uuid.UUID) -> None:
    """Let a person belong to the workspace no longer, and no key of theirs open it. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        before = _touchable(connection, principal, user_id)
        _keep_an_owner(connection, user_id)
        # Should the person come back, the old keys do not.
        keys.write_alone(connection, principal.workspace_id)
        keys.end_all_of(connection, user_id)
        members.remove(connection, user_id)
        record(connection, principal, Activity.MEMBER_REMOVED, user_id, {"role": before.role.value})


def _touchable(connection: Connection, who: Principal, user_id: uuid.UUID) -> Member:
    members.write_alone(connection, who.workspace_id)
    member = _found(connection, user_id)
    _refuse_above(who, member.role)
    return member


def _found(connection: Connection, user_id: uuid.UUID) -> Member:
    member = members.find(connection, user_id)
    if member is None:
        raise Problem("not_found", "there is no such member")
    return member


def _refuse_above(who: Principal, role: MemberRole) -> None:
    if not ROLES[role] <= who.permissions:
        raise Problem("forbidden", f"only an owner says who is {role.value}")


def _keep_an_owner(connection: Connection, user_id: uuid.UUID) -> None:
    if members.is_last_owner(connection, user_id):
        raise Problem("last_owner", "make somebody else an owner first")

"""What a caller sees: one workspace or, as an operator, all; how they are made, renamed and moved to another plan."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from mailsift.api.credentials import make_secret
from mailsift.api.deps import Deps
from mailsift.api.principal import Caller, Operator, Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import bootstrap, members, workspaces
from mailsift.api.repository.bootstrap import Owner
from mailsift.api.schemas.workspaces import Limits, OrderedWorkspace, Stats, Workspace, WorkspaceOrder
from mailsift.shared.db.activities import Activity, record, record_operated
from mailsift.shared.db.session import operator_transaction, tenant_transaction
from mailsift.shared.plans import allowance
from mailsift.shared.verdicts import MemberRole


@contextmanager
def seeing(deps: Deps, caller: Caller) -> Iterator[Connection]:
    """Open a transaction that shows what the caller may see: one workspace, or what operators see of all."""
    if isinstance(caller, Operator):
        with operator_transaction(deps.engine) as connection:
            yield connection
    else:
        with tenant_transaction(deps.engine, caller.workspace_id) as connection:
            yield connection


def order(
    deps: Deps, operator: Operator, workspace_id: uuid.UUID, wanted: WorkspaceOrder
) -> tuple[OrderedWorkspace, bool]:
    """Make a workspace with an owner and a key, or change its name and plan; and whether it was made."""
    with operator_transaction(deps.engine) as connection:
        made = workspaces.order(connection, workspace_id, wanted.name, wanted.plan)
        activity = Activity.WORKSPACE_CREATED if made else Activity.WORKSPACE_CHANGED
        details = {"name": wanted.name, "plan": wanted.plan.value}
        record_operated(connection, operator.key_id, activity, workspace_id, details)
        owner, key = _equip(connection, workspace_id, wanted) if made else (None, None)
        shown = find(connection, workspace_id).model_dump()
    return OrderedWorkspace(**shown, owner_id=owner, key=key), made


def rename(deps: Deps, principal: Principal, workspace_id: uuid.UUID, name: str) -> Workspace:
    """Give the caller's workspace another name. Raises Problem."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        before = find(connection, workspace_id)
        if before.name != name:
            workspaces.rename(connection, workspace_id, name)
            record(connection, principal, Activity.WORKSPACE_CHANGED, workspace_id, {"name": name})
        return find(connection, workspace_id)


def find(connection: Connection, workspace_id: uuid.UUID) -> Workspace:
    """Read a workspace. Raises Problem when there is none, or none that can be seen."""
    workspace = workspaces.find(connection, workspace_id)
    if workspace is None:
        raise Problem("not_found", "there is no such workspace")
    return workspace


def stats(connection: Connection, principal: Principal) -> Stats:
    """Hold what a workspace took this month beside what it may take."""
    limits = Limits.model_validate(allowance(principal.plan))
    return Stats(plan=principal.plan, limits=limits, month=workspaces.usage(connection, principal.workspace_id))


def _equip(connection: Connection, workspace_id: uuid.UUID, wanted: WorkspaceOrder) -> tuple[uuid.UUID, str]:
    user_id = members.person(connection, wanted.email) if wanted.email else uuid7()
    if wanted.email is None:
        members.add_person(connection, user_id)
    members.add(connection, workspace_id, user_id, MemberRole.OWNER)
    secret = make_secret()
    bootstrap.add_key(connection, Owner(workspace_id, user_id), "owner", secret)
    return user_id, secret.key

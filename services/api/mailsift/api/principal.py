"""Who makes a request; pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mailsift.api.permissions import OF_LIVE_KEYS, OPERATORS, Permission, permissions
from mailsift.shared.verdicts import MemberRole


@dataclass(frozen=True, slots=True)
class Principal:
    """The owner of a key, acting in the one workspace that the key opens."""

    key_id: uuid.UUID
    workspace_id: uuid.UUID
    user_id: uuid.UUID
    role: MemberRole
    scopes: frozenset[str]
    plan: str
    # By a guest's token, of which each thing that is asked for takes a use.
    is_guest: bool = False
    # By a test key, in a sandbox, which has neither keys nor guests of its own.
    is_test: bool = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role allows of what the key's scopes do."""
        allowed = permissions(self.role, self.scopes)
        return allowed - OF_LIVE_KEYS if self.is_test else allowed


@dataclass(frozen=True, slots=True)
class Operator:
    """Whoever runs the deployment: outside of all workspaces, and at home in none."""

    key_id: uuid.UUID
    name: str

    @property
    def permissions(self) -> frozenset[Permission]:
        """What no tenant may, and nothing that a tenant may."""
        return OPERATORS


Caller = Principal | Operator

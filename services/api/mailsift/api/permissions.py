"""Who may what: one table of roles and one of scopes; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mailsift.shared.verdicts import MemberRole


class Permission(StrEnum):
    """What a route may ask for."""

    ASK = "ask"
    """Have one domain analysed, and read what comes of it."""
    READ = "read"
    """Read whatever belongs to the workspace."""
    WRITE = "write"
    """Take lists in, have them analysed and exported, and steer jobs."""
    KEYS = "keys"
    """Make keys of one's own, and take them back."""
    ADMINISTER = "administer"
    """Change what holds for everybody, take away what is everybody's, and say who belongs to the workspace."""
    OWN = "own"
    """Say who owns the workspace."""
    OPERATE = "operate"
    """Work across all workspaces."""


class Scope(StrEnum):
    """What a key may be held to."""

    GUEST = "guest"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


_READS: Final = frozenset({Permission.READ})
_WRITES: Final = _READS | {Permission.ASK, Permission.WRITE}
_MEMBERS: Final = _WRITES | {Permission.KEYS}
_ADMINS: Final = _MEMBERS | {Permission.ADMINISTER}
_OWNERS: Final = _ADMINS | {Permission.OWN}

ROLES: Mapping[MemberRole, frozenset[Permission]] = MappingProxyType(
    {
        MemberRole.VIEWER: _READS,
        MemberRole.MEMBER: _MEMBERS,
        MemberRole.ADMIN: _ADMINS,
        MemberRole.OWNER: _OWNERS,
    }
)
SCOPES: Mapping[Scope, frozenset[Permission]] = MappingProxyType(
    {
        Scope.GUEST: frozenset({Permission.ASK}),
        Scope.READ: _READS,
        Scope.WRITE: _WRITES,
        Scope.ADMIN: _OWNERS,
    }
)
OF_LIVE_KEYS: Final = frozenset({Permission.KEYS, Permission.OWN})
"""What no test key may, whatever its role."""
OPERATORS: Final = frozenset({Permission.OPERATE})


def permissions(role: MemberRole, scopes: Collection[str]) -> frozenset[Permission]:
    """Return what a key may: all that its owner's role allows or, with scopes, what they allow of it.

    A scope that is not known here opens nothing.
    """
    allowed = ROLES[role]
    if not scopes:
        return allowed
    return allowed & frozenset().union(*(SCOPES[Scope(scope)] for scope in scopes if scope in set(Scope)))


def explain(needed: Collection[Permission]) -> str:
    """Say what a key would need to be allowed one of these."""
    if set(needed) == {Permission.OPERATE}:
        return "only an operator's key may do this"
    roles = [role.value for role, allowed in ROLES.items() if allowed & set(needed)]
    scopes = [scope.value for scope, allowed in SCOPES.items() if allowed & set(needed)]
    return f"it takes the role {_either(roles)}, and of a key with scopes {_either(scopes)}"


def _either(words: list[str]) -> str:
    return " or ".join(words)

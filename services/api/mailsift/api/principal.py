"""Who makes a request; pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mailsift.shared.verdicts import MemberRole


@dataclass(frozen=True, slots=True)
class Principal:
    """The owner of a key, acting in the one workspace that the key opens."""

    workspace_id: uuid.UUID
    user_id: uuid.UUID
    role: MemberRole
    scopes: frozenset[str]

    @property
    def may_read(self) -> bool:
        """Whether the key opens anything at all: one without scopes opens everything."""
        return not self.scopes or bool(self.scopes & {"read", "write"})

    @property
    def may_write(self) -> bool:
        """Whether the role and the key's scopes let it change anything."""
        return self.role is not MemberRole.VIEWER and (not self.scopes or "write" in self.scopes)

    @property
    def may_administer(self) -> bool:
        """Whether the role lets it take things away that are everybody's."""
        return self.role in {MemberRole.OWNER, MemberRole.ADMIN}

"""Keys as they are made, told apart by their beginnings, and hashed; pure but for chance."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

WORKSPACE: Final = "ms_"
TEST: Final = "mst_"
OPERATOR: Final = "msop_"
GUEST: Final = "msg_"
_SHOWN = 8  # characters beside the beginning, enough to recognise a key by


@dataclass(frozen=True, slots=True)
class Secret:
    """A new key: the whole of it is for its owner's eyes, and only now."""

    key: str = field(repr=False)
    prefix: str

    @property
    def hash(self) -> bytes:
        """What is stored of it."""
        return hash_of(self.key)


def make_secret(beginning: str = WORKSPACE) -> Secret:
    """Make a key of 256 random bits."""
    key = f"{beginning}{secrets.token_urlsafe(32)}"
    return Secret(key, key[: len(beginning) + _SHOWN])


def hash_of(key: str) -> bytes:
    """Hash a key as it is stored: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(key.encode()).digest()

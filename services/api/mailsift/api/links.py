"""Links that open one path for a time without a key in them: a key has signed them; pure.

The signature is the hexadecimal HMAC-SHA-256 (RFC 2104) of the path and the time of its end, under the SHA-256 of the
key. A program that holds the key can sign by itself; when the key is revoked its links are void.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

MOST_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Link:
    """What stands in a link beside its path."""

    key: uuid.UUID
    """The id of the key that signed it."""
    expires: int
    """Seconds since 1970."""
    signature: str


def sign(key_hash: bytes, path: str, expires: int) -> str:
    """Sign a path until a time."""
    return hmac.new(key_hash, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def is_signed(link: Link, key_hash: bytes, path: str) -> bool:
    """Whether that key signed this path until that time."""
    return hmac.compare_digest(sign(key_hash, path, link.expires).encode(), link.signature.encode())


def signed_url(key: uuid.UUID, key_hash: bytes, path: str, expires: int) -> str:
    """Write the link."""
    return f"{path}?{urlencode({'key': key, 'expires': expires, 'signature': sign(key_hash, path, expires)})}"

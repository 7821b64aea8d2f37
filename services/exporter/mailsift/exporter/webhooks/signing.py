"""How a message is signed: HMAC-SHA256 over id, time and body, as Standard Webhooks has it; pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from mailsift.shared.events import SECRET_PREFIX


def signed_headers(message_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Name the message, its time, and a signature by each of the secrets, so that one can take over from another."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

"""Names for requests, as X-Request-Id has them; pure."""

from __future__ import annotations

import re
import uuid

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def request_id(header: str | None) -> str:
    """Keep the client's request id if it is a decent word, else make one."""
    return header if header and _REQUEST_ID.fullmatch(header) else uuid.uuid4().hex

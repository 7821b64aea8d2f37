"""Names for requests and for what they set going: X-Request-Id, and the trace id of jobs; pure."""

from __future__ import annotations

import re
import uuid

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
# W3C Trace Context: version, trace id, parent id, flags.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def request_id(header: str | None) -> str:
    """Keep the client's request id if it is a decent word, else make one."""
    return header if header and _REQUEST_ID.fullmatch(header) else uuid.uuid4().hex


def trace_id(header: str | None) -> str:
    """Take the trace id out of a traceparent header, or begin a trace."""
    found = _TRACEPARENT.fullmatch(header or "")
    return found[1] if found else uuid.uuid4().hex

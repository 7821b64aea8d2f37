"""Where a stretch of work stands in a trace, as W3C Trace Context writes it in `traceparent`; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags. A later version may go
# on after another hyphen; of version 00 that is all there is.
_TRACEPARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_LONGEST = 512
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span of a trace, in lower-case hexadecimal, and whether those before it were told of."""

    trace_id: str
    span_id: str
    sampled: bool

    def __str__(self) -> str:
        """Write it as a `traceparent`. Of the flags only the one is known here, so no other is passed on."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


def parse_traceparent(text: str | None) -> TraceContext | None:
    """Read what may be a `traceparent`, from anybody; None when it is none, and then a trace begins anew."""
    found = _TRACEPARENT.fullmatch(text) if text is not None and len(text) <= _LONGEST else None
    if found is None or (found["version"] == "00" and found["more"] is not None):
        return None
    return TraceContext(found["trace"], found["span"], bool(int(found["flags"], 16) & _SAMPLED))

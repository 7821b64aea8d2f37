"""How the columns are named that an export adds to a list, so that they are known when it comes back; pure."""

from __future__ import annotations

import re
from typing import Final

PREFIX: Final = "mailsift"

_PREFIXED: Final = re.compile(rf"{PREFIX}[0-9]*_")


def answer_prefix(name: str) -> str | None:
    """What the name of a column that some export added begins with; None for any other column."""
    found = _PREFIXED.match(name.strip().casefold())
    return found[0] if found else None

"""The codes with which a list may be refused: those that users find in docs/api.md."""

from __future__ import annotations

import re
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def known_codes() -> frozenset[str]:
    """Return them."""
    section = _PAGE.read_text().split("## What can be wrong with a list\n")[1].split("\n## ")[0]
    return frozenset(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))

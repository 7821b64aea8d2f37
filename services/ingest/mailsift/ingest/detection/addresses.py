"""What looks like an address at a glance; pure, and no verdict on any."""

from __future__ import annotations

import re
from typing import Final

from mailsift.ingest.rows import extract, extract_from_line

_ADDRESS: Final = re.compile(
    r"[^\s@,;|<>()\[\]\"':][^\s@,;|<>()\[\]\":]*@[^\s@,;|<>()\[\]\"':]+\.[^\s@,;|<>()\[\]\"':]+"
)
_BEARS: Final = re.compile(r"""[^\s@,;|<>()"']@[^\s@,;|<>()"']""")
_MAX_LENGTH: Final = 400


def bears_address(cell: str) -> bool:
    """Whether there is an at-sign with something on either side."""
    return "@" in cell and _BEARS.search(cell) is not None


def is_address(cell: str, *, whole_line: bool) -> bool:
    """Whether a cell, or somewhere a whole line, reads like an address."""
    if len(cell) > _MAX_LENGTH:
        return False
    if whole_line:
        return _ADDRESS.fullmatch(extract_from_line(cell)) is not None
    # Blanks around an address are forgiven, but a tab there is a delimiter that this reading has missed.
    return "\t" not in cell and _ADDRESS.fullmatch(extract(cell)) is not None

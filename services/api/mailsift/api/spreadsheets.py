"""CSV that a spreadsheet shows and never runs; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

# What makes a cell a formula, in half and full width, and what may stand before it unseen (OWASP, "CSV Injection").
_RUN: Final = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - they are meant
_MARK: Final = "'"


def inert(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula: it shows the cell as text then."""
    return f"{_MARK}{cell}" if cell.lstrip(" ")[:1] in _RUN and cell.strip(" ") else cell


def records(rows: Iterable[Sequence[str | int]]) -> bytes:
    """Write rows as records of a CSV in UTF-8 (RFC 4180); numbers are ours, and any text may be a stranger's."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerows([inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return lines.getvalue().encode()

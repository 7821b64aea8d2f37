"""CSV that a spreadsheet shows and never runs; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from mailsift.shared.formulas import inert


def records(rows: Iterable[Sequence[str | int]]) -> bytes:
    """Write rows as records of a CSV in UTF-8 (RFC 4180); numbers are ours, and any text may be a stranger's."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerows([inert(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return lines.getvalue().encode()

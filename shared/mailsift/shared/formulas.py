"""Which cells a spreadsheet would run as formulas, and how they become text; pure.

It follows OWASP's "CSV Injection", but leaves signed numbers and telephone numbers alone: no digit does any harm.
"""

from __future__ import annotations

import re
from typing import Final

MARK: Final = "'"
"""A spreadsheet takes what stands behind it for text."""

_NUMBER: Final = r"[ .(]*[0-9][0-9 ().,/-]*(?:%|[eE][+-]?[0-9]+| ?(?:x|ext\.?) ?[0-9]+)?"

PATTERN: Final = rf"^ *(?:[=@＝＠\t\r\n]|[+＋－-](?!{_NUMBER}\Z))"  # noqa: RUF001 - the wide ones are meant
"""It means the same to Python and to PostgreSQL, which knows blanks before it and full width as spreadsheets do."""

FIRST: Final = tuple(map(ord, " =@＝＠\t\r\n+＋－-"))  # noqa: RUF001 - as above
"""The characters that a cell begins with for which the pattern is worth asking."""

_RUNS: Final = re.compile(PATTERN)


def inert(cell: str) -> str:
    """Make text of what a spreadsheet would take for a formula."""
    return f"{MARK}{cell}" if _RUNS.match(cell) else cell

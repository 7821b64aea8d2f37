"""Whether a text is a list of mailboxes, as mail programs write it, and not a table of addresses; pure."""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import Final

from mailsift.ingest.detection.addresses import is_address
from mailsift.ingest.formats.mailboxes import ADDRESS, NAME, Mailboxes
from mailsift.ingest.rows import Row

_MAX_CHARACTERS: Final = 16 * 1024
_MIN_SHARE: Final = 0.9

_QUOTED: Final = re.compile(r'"[^"\r\n]*"')
# With nothing but a comment behind it: a table may have such cells too, and others beside them.
_BRACKETED: Final = re.compile(r"<[^<>@\s]+@[^<>@\s]+>[ \t]*(?:\([^()\r\n]*\)[ \t]*)?(?=[,;\r\n]|\Z)")


def find_mailboxes(text: str, *, complete: bool) -> list[list[str]] | None:
    """The first mailboxes of a text that is nothing but mailboxes; None if it is something else."""
    beginning = text[:_MAX_CHARACTERS]
    if "@" not in beginning:
        return None
    mailboxes = Mailboxes(io.BytesIO(beginning.encode()), "utf-8", complete=complete and len(beginning) == len(text))
    rows = [row for row in mailboxes if isinstance(row, Row)]
    if not rows or not _have_addresses(rows):
        return None
    bracketed = len(_BRACKETED.findall(_QUOTED.sub("", beginning)))
    bare = sum(not row.columns[NAME] for row in rows)
    if bracketed + bare < _MIN_SHARE * len(rows) or not (2 * bracketed >= len(rows) or _are_in_lines(rows)):
        return None
    return [row.columns for row in rows]


def _have_addresses(rows: list[Row]) -> bool:
    """Whether the first, which could be a header, and most others have one."""
    found = [is_address(row.columns[ADDRESS], whole_line=False) for row in rows]
    return found[0] and sum(found) >= _MIN_SHARE * len(found)


def _are_in_lines(rows: list[Row]) -> bool:
    """Whether several stand on a line; the same number on each of several lines would be the columns of a table."""
    per_line = set(Counter(row.row_number for row in rows).values())
    return max(per_line) > 1 and (len(per_line) > 1 or rows[0].row_number == rows[-1].row_number)

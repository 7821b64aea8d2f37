"""What an exported row looks like: the user's own columns under their names, then the answers; pure.

The SQL here is written in terms of `u`, a row of the list, and `r`, the answer for its address.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

PREFIX: Final = "mailsift"
MAX_FILE_NAME: Final = 120

_PREFIXED: Final = re.compile(rf"{PREFIX}[0-9]*_")
_NEEDS_QUOTES: Final = re.compile(r'[",\r\n]')
_UNSAFE: Final = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """One column of the answers."""

    name: str
    """As the API calls it."""
    value: str
    """The typed value, in SQL."""


def _result(name: str) -> Answer:
    return Answer(name, f'r."{name}"')


# A row without an address, or one that could not be read, has no answer but a reason why.
_REASONS: Final = """coalesce(r.reasons, array_remove(ARRAY[u."formatError"], NULL))"""

ANSWERS: Final = (
    *map(_result, ("status", "subStatus", "deliverabilityScore", "leadStatus", "riskLevel")),
    Answer("reasons", _REASONS),
    *map(_result, ("suggestion", "normalizedAddress", "domain")),
    *map(_result, ("isCorporate", "isFree", "isDisposable", "isRelay", "isRoleBased")),
    *map(_result, ("spfPass", "dkimPass", "dmarcPass", "dmarcPolicy", "mxHost", "mailboxChecked")),
    Answer("duplicateOf", 'u."duplicateOf"'),
)
"""In the order of the file. `duplicateOf` is the number of the row with the first occurrence."""

EVIDENCE: Final = tuple(
    map(_result, ("isValidSyntax", "domainExists", "acceptsMail", "scoreBreakdown", "scoreVersion"))
)
"""What only a format with types and nesting has room for."""


def column_names(names: Sequence[str], width: int) -> tuple[str, ...]:
    """Name every column that a row may have: the widest row decides, and what has no name is `column_<n>`."""
    return (*names, *(f"column_{number}" for number in range(len(names) + 1, width + 1)))


def answer_names(columns: Iterable[str]) -> tuple[str, ...]:
    """Name the answers: `mailsift_status` and so on.

    When a column of the user's begins like that, because the list is an earlier export, it is `mailsift2_status`.
    """
    taken = {found[0] for name in columns if (found := _PREFIXED.match(name.strip().casefold()))}
    prefixes = (f"{PREFIX}{number if number > 1 else ''}_" for number in count(1))
    prefix = next(prefix for prefix in prefixes if prefix not in taken)
    return tuple(prefix + answer.name for answer in ANSWERS)


def json_keys(columns: Sequence[str]) -> tuple[str, ...]:
    """Give each column a key of its own, in order: the second `phone` is `phone_2`."""
    taken = set(columns)
    numbers: dict[str, Iterator[int]] = {}
    keys = []
    for name in columns:
        key = name
        if name in numbers:
            key = next(free for number in numbers[name] if (free := f"{name}_{number}") not in taken)
            taken.add(key)
        else:
            numbers[name] = count(2)
        keys.append(key)
    return tuple(keys)


def csv_line(cells: Iterable[str | None]) -> bytes:
    r"""One record as COPY writes it; Python's csv module leaves a lone \r without quotes."""
    return (",".join(map(_csv_cell, cells)) + "\n").encode()


def _csv_cell(cell: str | None) -> str:
    if cell is None:
        return ""
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell


def csv_cells(width: int) -> str:
    """Select the user's cells, the missing ones as empty."""
    return ", ".join(f"coalesce(u.columns[{number}], '')" for number in range(1, width + 1))


def csv_answers() -> str:
    """Select the answers as text: `true` and `false`, lists joined by |, nothing where nothing is known."""
    values = (f"array_to_string({a.value}, '|')" if a.name == "reasons" else f"{a.value}::text" for a in ANSWERS)
    return ", ".join(f"coalesce({value}, '')" for value in values)


def json_line() -> str:
    """Select a row as one JSON object; `keys` is bound to the keys of the columns.

    A cell that the row has not is absent, which an empty one is not.
    """
    answers = ", ".join(f"'{answer.name}', {answer.value}" for answer in (*ANSWERS, *EVIDENCE))
    columns = "json_object((%(keys)s::text[])[1:cardinality(u.columns)], u.columns)"
    return f"""json_build_object('row', u."sequenceNumber", 'columns', {columns}, 'address', u."emailAddress",
        'result', json_build_object({answers}))"""


def object_key(workspace_id: uuid.UUID, export_id: uuid.UUID, file_name: str) -> str:
    """Name the object after the file, with nothing in the name that could lead elsewhere."""
    safe = _UNSAFE.sub("_", file_name).lstrip(".")[-MAX_FILE_NAME:]
    return f"exports/{workspace_id}/{export_id}/{safe or 'export'}"

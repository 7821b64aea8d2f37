"""What an exported row looks like: the user's own columns under their names, then the answers; pure.

A row of the list has an entry for each of its e-mail columns. The SQL here is written in terms of `u1`, the first of
them, which has the row's own cells, `u2` and so on, and of `r1`, `r2`, the answers for their addresses.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from mailsift.shared.answers import PREFIX, answer_prefix

MAX_FILE_NAME: Final = 120

_NEEDS_QUOTES: Final = re.compile(r'[",\r\n]')
_UNSAFE: Final = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """One column of the answers."""

    name: str
    """As the API calls it."""
    pattern: str
    """The typed value, in SQL in terms of `{u}`, an entry, and `{r}`, its answer; `{entries}` entries are a row."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is written beside what: the user's columns, and which of them hold the addresses that are answered."""

    columns: tuple[str, ...]
    email_columns: tuple[int, ...]

    @property
    def entries(self) -> range:
        """The numbers of the entries of a row."""
        return range(1, len(self.email_columns) + 1)

    def values(self, answers: Iterable[Answer], entry: int) -> list[str]:
        """The answers for one of the entries, in SQL."""
        names = {"u": f"u{entry}", "r": f"r{entry}", "entries": len(self.email_columns)}
        return [answer.pattern.format(**names) for answer in answers]


def _result(name: str) -> Answer:
    return Answer(name, f'{{r}}."{name}"')


# A row without an address, or one that could not be read, has no answer but a reason why.
_REASONS: Final = """coalesce({r}.reasons, array_remove(ARRAY[{u}."formatError"], NULL))"""
# Rows are counted, not entries.
_NUMBER: Final = """({u}."sequenceNumber" - 1) / {entries} + 1"""
_DUPLICATE_OF: Final = """({u}."duplicateOf" - 1) / {entries} + 1"""

ANSWERS: Final = (
    *map(_result, ("status", "subStatus", "deliverabilityScore", "leadStatus", "riskLevel")),
    Answer("reasons", _REASONS),
    *map(_result, ("suggestion", "normalizedAddress", "domain")),
    *map(_result, ("isCorporate", "isFree", "isDisposable", "isRelay", "isRoleBased")),
    *map(_result, ("spfPass", "dkimPass", "dmarcPass", "dmarcPolicy", "mxHost", "provider", "mailboxChecked")),
    Answer("duplicateOf", _DUPLICATE_OF),
)
"""In the order of the file. `duplicateOf` is the number of the row with the first occurrence."""

EVIDENCE: Final = tuple(
    map(_result, ("isValidSyntax", "domainExists", "acceptsMail", "scoreBreakdown", "scoreVersion"))
)
"""What only a format with types and nesting has room for."""

_AS_TEXT: Final = tuple(
    replace(a, pattern=f"array_to_string({a.pattern}, '|')" if a.name == "reasons" else f"({a.pattern})::text")
    for a in ANSWERS
)


def column_names(names: Sequence[str], width: int) -> tuple[str, ...]:
    """Name every column that a row may have: the widest row decides, and what has no name is `column_<n>`."""
    return (*names, *(f"column_{number}" for number in range(len(names) + 1, width + 1)))


def answer_names(shape: Shape) -> tuple[str, ...]:
    """Name the answers: `mailsift_status` and so on, or `mailsift_work email_status` when there are several addresses.

    When a column of the user's begins like that, because the list is an earlier export, it is `mailsift2_status`.
    """
    taken = set(map(answer_prefix, shape.columns))
    prefixes = (f"{PREFIX}{number if number > 1 else ''}_" for number in count(1))
    prefix = next(prefix for prefix in prefixes if prefix not in taken)
    keys = json_keys(shape.columns)
    named = [f"{keys[column]}_" for column in shape.email_columns] if len(shape.email_columns) > 1 else [""]
    return tuple(prefix + name + answer.name for name in named for answer in ANSWERS)


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


def csv_cells(shape: Shape) -> str:
    """Select the user's cells, the missing ones as empty."""
    return ", ".join(f"coalesce(u1.columns[{number}], '')" for number in range(1, len(shape.columns) + 1))


def csv_answers(shape: Shape) -> str:
    """Select the answers as text: `true` and `false`, lists joined by |, nothing where nothing is known."""
    values = [value for entry in shape.entries for value in shape.values(_AS_TEXT, entry)]
    return ", ".join(f"coalesce({value}, '')" for value in values)


def json_line(shape: Shape) -> str:
    """Select a row as one JSON object; `keys` is bound to the keys of the columns.

    A cell that the row has not is absent, which an empty one is not.
    """
    columns = "json_object((%(keys)s::text[])[1:cardinality(u1.columns)], u1.columns)"
    return f"""json_build_object('row', {_NUMBER.format(u="u1", entries=len(shape.email_columns))},
        'columns', {columns}, {_json_answers(shape)})"""


def _json_answers(shape: Shape) -> str:
    if len(shape.email_columns) == 1:
        return _json_answer(shape, 1)
    answers = (
        f"""json_build_object('column', (%(keys)s::text[])[{column + 1}], {_json_answer(shape, entry)})"""
        for entry, column in zip(shape.entries, shape.email_columns, strict=True)
    )
    return f"'emails', json_build_array({', '.join(answers)})"


def _json_answer(shape: Shape, entry: int) -> str:
    told = (*ANSWERS, *EVIDENCE)
    pairs = (f"'{answer.name}', {value}" for answer, value in zip(told, shape.values(told, entry), strict=True))
    return f"""'address', u{entry}."emailAddress", 'result', json_build_object({", ".join(pairs)})"""


def object_key(workspace_id: uuid.UUID, export_id: uuid.UUID, file_name: str) -> str:
    """Name the object after the file, with nothing in the name that could lead elsewhere."""
    safe = _UNSAFE.sub("_", file_name).lstrip(".")[-MAX_FILE_NAME:]
    return f"exports/{workspace_id}/{export_id}/{safe or 'export'}"

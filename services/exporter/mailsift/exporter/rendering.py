"""What an exported row looks like: the user's own columns under their names, then the answers; pure.

A row of the list has an entry for each of its e-mail columns. The SQL here is written in terms of `u1`, the first of
them, which has the row's own cells, `u2` and so on, and of `r1`, `r2`, the answers for their addresses.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from typing import Final

from mailsift.shared.answers import PREFIX, answer_prefix

MAX_FILE_NAME: Final = 120


class Kind(Enum):
    """What the values of an answer are."""

    WORD = auto()
    """One of our own."""
    TEXT = auto()
    """From the list or from DNS: whatever somebody liked to write there."""
    WORDS = auto()
    """A list of our own words."""
    NUMBER = auto()
    FLAG = auto()
    NESTED = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """One column of the answers."""

    name: str
    """As the API calls it."""
    kind: Kind
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

    def value(self, answer: Answer, entry: int) -> str:
        """The value of an answer to one of the entries, in SQL."""
        return answer.pattern.format(u=f"u{entry}", r=f"r{entry}", entries=len(self.email_columns))


def _result(name: str, kind: Kind) -> Answer:
    return Answer(name, kind, f'{{r}}."{name}"')


# A row without an address, or one that could not be read, has no answer but a reason why.
_REASONS: Final = """coalesce({r}.reasons, array_remove(ARRAY[{u}."formatError"], NULL))"""
# Rows are counted, not entries.
_NUMBER: Final = """({u}."sequenceNumber" - 1) / {entries} + 1"""
_DUPLICATE_OF: Final = """({u}."duplicateOf" - 1) / {entries} + 1"""

_CANONICAL: Final = """coalesce({r}."canonicalAddress", {r}."normalizedAddress")"""

ANSWERS: Final = (
    _result("status", Kind.WORD),
    _result("subStatus", Kind.WORD),
    _result("deliverabilityScore", Kind.NUMBER),
    _result("leadStatus", Kind.WORD),
    _result("riskLevel", Kind.WORD),
    Answer("reasons", Kind.WORDS, _REASONS),
    *(_result(name, Kind.TEXT) for name in ("suggestion", "normalizedAddress")),
    Answer("canonicalAddress", Kind.TEXT, _CANONICAL),
    _result("domain", Kind.TEXT),
    *(_result(name, Kind.FLAG) for name in ("isCorporate", "isFree", "isDisposable", "isRelay", "isRoleBased")),
    *(_result(name, Kind.FLAG) for name in ("spfPass", "dkimPass", "dmarcPass")),
    *(_result(name, Kind.TEXT) for name in ("dmarcPolicy", "mxHost", "provider")),
    _result("mailboxChecked", Kind.FLAG),
    Answer("duplicateOf", Kind.NUMBER, _DUPLICATE_OF),
)
"""In the order of the file. `duplicateOf` is the number of the row with the first occurrence."""

EVIDENCE: Final = (
    *(_result(name, Kind.FLAG) for name in ("isValidSyntax", "domainExists", "acceptsMail")),
    _result("scoreBreakdown", Kind.NESTED),
    _result("scoreVersion", Kind.NUMBER),
)
"""What only a format with types and nesting has room for."""

ROW: Final = Answer("row", Kind.NUMBER, _NUMBER)
"""The number of a row in the list."""


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


def object_key(workspace_id: uuid.UUID, export_id: uuid.UUID) -> str:
    """Name the object after nothing that a user wrote: a file may be named after a person."""
    return f"exports/{workspace_id}/{export_id}/export"

"""Reads what became of mail from a file that a sending service has written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final

from mailsift.ingest.dialect import Dialect
from mailsift.ingest.entries import Finder
from mailsift.ingest.opening import Opener
from mailsift.ingest.rows import RejectedRow, Row
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.verdicts import Outcome
from mailsift.standalone.errors import InputError

DELIVERED: Final = frozenset(
    {"delivered", "delivery", "success", "successful", "ok", "open", "opened", "click", "clicked", "read"}
)
BOUNCED: Final = frozenset(
    {
        "bounce",
        "bounced",
        "hard bounce",
        "hard bounced",
        "hardbounce",
        "hardbounced",
        "permanent",
        "permanent failure",
        "fail",
        "failed",
        "failure",
        "undelivered",
        "undeliverable",
        "not delivered",
        "rejected",
        "reject",
    }
)
# A reply code of RFC 5321 4.2, or an enhanced status code of RFC 3463: 4 is "try again", which says nothing.
_CODE: Final = re.compile(r"([25])(?:\d\d|\.\d{1,3}\.\d{1,3})(?:\D.*)?", re.DOTALL)
_LONGEST_WORD: Final = 100
_SAMPLE: Final = 1000
_LEAST_SHARE: Final = 0.5
_MOST_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Where a file says what became of mail, and in which words besides the usual ones."""

    column: str | None = None
    """By its name or its number from 1; None where it is found out."""
    delivered: Sequence[str] = ()
    bounced: Sequence[str] = ()

    def outcome(self, cell: str) -> Outcome | None:
        """What a cell says; None where nothing follows from it, as from a soft bounce."""
        word = _plain(cell)
        if word in BOUNCED or word in map(_plain, self.bounced):
            return Outcome.BOUNCED
        if word in DELIVERED or word in map(_plain, self.delivered):
            return Outcome.DELIVERED
        code = _CODE.fullmatch(word)
        return None if code is None else Outcome.DELIVERED if code[1] == "2" else Outcome.BOUNCED


@dataclass(slots=True)
class Reported:
    """What became of mail, by address, and what was passed over."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    no_address: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    """Words from which nothing follows, and how often they were there."""

    def add(self, address: str, outcome: Outcome) -> None:
        """Note an outcome; an address that bounced once has bounced."""
        if self.outcomes.get(address) is not Outcome.BOUNCED:
            self.outcomes[address] = outcome


def read_outcomes(path: Path, options: ReadingOptions, words: Vocabulary) -> Reported:
    """Read a file of any format that lists come in. Raises InputError."""
    opener = Opener()
    try:
        with path.open("rb") as stream:
            dialect = opener.understand(stream, options, _unwatched)
        with path.open("rb") as stream, opener.table(stream, path.stat().st_size, dialect, _unwatched) as table:
            return _read(iter(table), dialect, words)
    except PermanentError as error:
        raise InputError(error.code, f"{path.name}: {error.message}") from error
    except OSError as error:
        raise InputError("unreadable_file", f"{path} cannot be read: {error.strerror}") from error


def _unwatched() -> None:
    """Nobody waits for the end of this."""


def _read(rows: Iterator[Row | RejectedRow], dialect: Dialect, words: Vocabulary) -> Reported:
    beginning = list(islice(rows, _SAMPLE))
    column = _column(beginning, dialect, words)
    finder, reported = Finder(dialect), Reported()
    for row in chain(beginning, rows):
        cells = row.columns if isinstance(row, Row) else []
        found = [each for each in finder.look(cells) if each is not None]
        if not found or column >= len(cells):
            reported.no_address += 1
            continue
        outcome = words.outcome(cells[column])
        if outcome is None:
            reported.passed_over[_plain(cells[column])] += 1
            continue
        for _, normalized, _, _ in found:
            reported.add(normalized, outcome)
    return reported


def _column(beginning: Iterable[Row | RejectedRow], dialect: Dialect, words: Vocabulary) -> int:
    if words.column is not None:
        return _named_column(dialect.column_names, words.column)
    filled: Counter[int] = Counter()
    telling: Counter[int] = Counter()
    for row in beginning:
        for number, cell in enumerate(row.columns if isinstance(row, Row) else []):
            if number not in dialect.email_columns and cell.strip():
                filled[number] += 1
                telling[number] += words.outcome(cell) is not None
    best = max(filled, key=lambda number: (telling[number] / filled[number], telling[number], -number), default=None)
    if best is None or telling[best] < filled[best] * _LEAST_SHARE:
        raise InputError(
            "no_outcome_column",
            "no column says delivered or bounced; name it with --outcome-column, and its words with --delivered and "
            f"--bounced. The columns are: {_shown(dialect.column_names)}",
        )
    return best


def _named_column(names: Sequence[str], wanted: str) -> int:
    if wanted in names:
        return names.index(wanted)
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= len(names):
        return int(wanted) - 1
    raise InputError("no_such_column", f"there is no column {wanted[:_LONGEST_WORD]!r}; there are: {_shown(names)}")


def _shown(names: Sequence[str]) -> str:
    more = len(names) - _MOST_SHOWN
    shown = ", ".join(repr(name[:_LONGEST_WORD]) for name in names[:_MOST_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _plain(cell: str) -> str:
    return " ".join(re.split(r"[\s_-]+", cell.strip()[:_LONGEST_WORD].casefold()))

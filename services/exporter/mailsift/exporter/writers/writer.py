"""What a format says of itself: how its rows are got, and what becomes of them on their way into the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO


@dataclass(frozen=True, slots=True)
class CopiedRows:
    """Rows come from COPY as they stand in the file."""

    stream: IO[bytes]
    select: str
    """What COPY selects, of the entries and their answers."""
    options: str
    """How it writes that."""
    parameters: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    held: Callable[[], int] = int
    """As those of AddedRows, of which COPY has none."""


@dataclass(frozen=True, slots=True)
class AddedRows:
    """Rows come from a cursor and are added one by one: slower, but with no limit of PostgreSQL's on columns."""

    add: Callable[[Sequence[object]], object]
    select: str
    held: Callable[[], int] = int
    """How many bytes there are that the stream has not got yet."""


Rows = CopiedRows | AddedRows


@dataclass(frozen=True, slots=True)
class Writer:
    """One format, for lists of one shape."""

    content_type: str
    begin: Callable[[IO[bytes]], AbstractContextManager[Rows]]
    """Begins a file in a stream and ends it with the block, unless that raises."""

"""The two ways in which rows are written: PostgreSQL renders them itself, or we do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CopyWriter:
    """Rows come from COPY as they stand in the file."""

    content_type: str
    select: str
    """What COPY selects, of the entries and their answers."""
    options: str
    """How it writes that."""
    header: bytes = b""
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowWriter:
    """Rows come from a cursor and are rendered here: slower, but with no limit of PostgreSQL's on columns."""

    content_type: str
    select: str
    render: Callable[[Sequence[object]], bytes]
    header: bytes = b""


Writer = CopyWriter | RowWriter

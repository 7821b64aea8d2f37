"""docs/security.md lists every column that may hold an address, and all others: none is added without a thought."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Column, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from mailsift.dispatcher.repository import listed
from mailsift.dispatcher.repository.personal import TEXTS
from mailsift.shared.db import tables
from mailsift.shared.db.base import Base

COLUMNS = dict[str, set[str]]
# Found by statements of their own, and known by them.
BY_THEMSELVES: COLUMNS = {
    listed.ENTRIES: {"emailAddress", "normalizedAddress", "domain", "columns"},
    listed.REJECTED: {"rawText"},
    listed.RESULTS: {"emailAddress", "normalizedAddress", "canonicalAddress", "domain", "suggestion"},
    tables.Erasure.__tablename__: {"addresses"},
}


def told(root: Path, heading: str) -> COLUMNS:
    section = (root / "docs/security.md").read_text().split("## What is kept of people")[1].split(heading)[1]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section.split("\n\n|")[1].split("\n\n")[0], re.MULTILINE)
    return {table: set(re.findall(r"`(\w+)`", columns)) for table, columns in rows}


def holds_text(column: Column[object]) -> bool:
    kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    return isinstance(kind, Text | JSONB | LargeBinary)


def test_the_page_lists_what_an_erasure_searches(root: Path) -> None:
    searched = BY_THEMSELVES | {texts.table: set(texts.columns) for texts in TEXTS}
    assert told(root, "for how long") == searched


def test_every_column_of_text_is_on_the_page(root: Path) -> None:
    personal, other = told(root, "for how long"), told(root, "What other columns hold")
    listed_columns = {name: personal.get(name, set()) | other.get(name, set()) for name in personal | other}
    wanted = {
        table.name: {column.name for column in table.columns if holds_text(column)}
        for table in Base.metadata.sorted_tables
    }
    assert listed_columns == {name: columns for name, columns in wanted.items() if columns}
    assert {name for name in personal if personal[name] & other.get(name, set())} == set()

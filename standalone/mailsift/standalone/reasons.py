"""Counts the reasons in a file of answers."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from mailsift.shared.answers import answer_prefix
from mailsift.shared.verdicts import FileType

# A cell of the user's may be as long as a row may be.
_LONGEST_CELL = 2**21


def count_reasons(path: Path, file_type: FileType, rows: int) -> Counter[str]:
    """Count how often each reason occurs in the first rows."""
    read = _from_csv if file_type is FileType.CSV else _from_json_lines
    return Counter(reason for reasons in islice(read(path), rows) for reason in reasons)


def _from_csv(path: Path) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        columns = _columns_of_reasons(names)
        for row in reader:
            yield [reason for column in columns for reason in row[column].split("|") if reason]


def _columns_of_reasons(names: list[str]) -> list[int]:
    """One for each address of a row. The user's own columns, which may hold an earlier export's, come first."""
    added = [(number, prefix) for number, name in enumerate(names) if (prefix := answer_prefix(name))]
    return [number for number, prefix in added if prefix == added[-1][1] and names[number].endswith("_reasons")]


def _from_json_lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield [reason for email in row.get("emails", [row]) for reason in email["result"]["reasons"]]

"""Counts the reasons in a file of answers."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from mailsift.shared.verdicts import FileType

_COLUMN = re.compile(r"mailsift[0-9]*_reasons")
# A cell of the user's may be as long as a row may be.
_LONGEST_CELL = 2**21


def count_reasons(path: Path, file_type: FileType, rows: int) -> Counter[str]:
    """Count in how many of the first rows each reason occurs."""
    read = _from_csv if file_type is FileType.CSV else _from_json_lines
    return Counter(reason for reasons in islice(read(path), rows) for reason in reasons)


def _from_csv(path: Path) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        # The last: the user's own columns, which may hold an earlier export's, come first.
        column = max((number for number, name in enumerate(names) if _COLUMN.fullmatch(name)), default=None)
        if column is not None:
            for row in reader:
                yield row[column].split("|") if row[column] else []


def _from_json_lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["result"]["reasons"]

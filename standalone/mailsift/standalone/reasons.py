"""Counts the reasons in a file of answers."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO, cast

from mailsift.shared.answers import answer_prefix
from mailsift.shared.verdicts import Compression, FileType

# A cell of the user's may be as long as a row may be.
_LONGEST_CELL = 2**21


def count_reasons(path: Path, file_type: FileType, compression: Compression, rows: int) -> Counter[str]:
    """Count how often each reason occurs in the first rows."""
    with _opened(path, compression) as file:
        return Counter(reason for reasons in islice(_read(file, file_type), rows) for reason in reasons)


def _opened(path: Path, compression: Compression) -> TextIO:
    if compression is Compression.GZIP:
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _read(file: TextIO, file_type: FileType) -> Iterator[list[str]]:
    match file_type:
        case FileType.CSV:
            return _from_records(file, ",")
        case FileType.TSV:
            return _from_records(file, "\t")
        case FileType.JSON | FileType.JSONL:
            return _from_objects(file)
        case _:
            # To find them in a workbook would take longer than to write it.
            return iter(())


def _from_records(file: TextIO, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(file, delimiter=delimiter)
    names = next(reader, [])
    columns = _columns_of_reasons(names)
    for row in reader:
        yield [reason for column in columns for reason in row[column].split("|") if reason]


def _columns_of_reasons(names: list[str]) -> list[int]:
    """One for each address of a row. The user's own columns, which may hold an earlier export's, come first."""
    added = [(number, prefix) for number, name in enumerate(names) if (prefix := answer_prefix(name))]
    return [number for number, prefix in added if prefix == added[-1][1] and names[number].endswith("_reasons")]


def _from_objects(file: TextIO) -> Iterator[list[str]]:
    """An array, too, has an object a line."""
    for line in file:
        if (text := line.rstrip(",\n")) not in {"[", "]", ""}:
            row = json.loads(text)
            yield [reason for email in row.get("emails", [row]) for reason in email["result"]["reasons"]]

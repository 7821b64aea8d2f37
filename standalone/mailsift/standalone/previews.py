"""A preview as people read it: what was understood and how sure that is, the first rows, what to expect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import JsonValue
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailsift.api.schemas.previews import Finding, Preview, Share
from mailsift.api.schemas.uploads import UploadDetail
from mailsift.shared.reading import ReadingOptions
from mailsift.standalone.reading import as_arguments
from mailsift.standalone.reports import printable

_SURE, _FAIRLY_SURE, _LIKELY = 0.9, 0.7, 0.5
_MOST_COLUMNS: Final = 6
_LONGEST_CELL: Final = 28
_LONGEST_VALUE: Final = 40
_HALF: Final = 0.5
_STEP: Final = 1000
_NAMES: Final = {"header": "header row", "emailColumns": "e-mail columns"}
_CHARACTERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
_WAYS: Final = (
    ("--delimiter ';'", "what stands between cells; or a word for it: comma, semicolon, tab, pipe, space"),
    ("--encoding windows-1252", "the character set"),
    ("--no-header, --header", "whether the first row names the columns"),
    ("--email-column NAME", "a column with addresses, by name or number; once for each"),
    ("--keep-column NAME", "a column to keep, the others are left out; once for each"),
    ("--map NAME=WORD", "another name for a column"),
    ("--sheet NAME", "the sheet of a workbook"),
)


def report(upload: UploadDetail, file: str, options: ReadingOptions) -> Group:
    """Show what was understood of a list, and how to go on or to correct it."""
    parts: list[RenderableType] = [Text(_headline(upload), "bold"), "", _findings(upload.detection or [])]
    if upload.preview is not None:
        parts += ["", _rows(upload, upload.preview), "", *_expectations(upload.preview)]
    return Group(*parts, "", *_next_steps(file, options))


def _headline(upload: UploadDetail) -> str:
    size = f", {_size(upload.file_size)}" if upload.file_size is not None else ""
    return f"{printable(upload.file_name)}{size}{_extent(upload.preview)}"


def _extent(preview: Preview | None) -> str:
    if preview is None:
        return ""
    if preview.complete:
        return f", {preview.rows_read:,} rows"
    looked_at = f"the first {preview.rows_read:,} were looked at"
    if preview.estimated_rows is None:
        return f", {looked_at}"
    return f", about {_rounded(preview.estimated_rows):,} rows, of which {looked_at}"


def _findings(findings: Iterable[Finding]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in ("understood", "", "how sure", "because"):
        table.add_column(name, justify="left")
    for finding in findings:
        table.add_row(
            _NAMES.get(finding.what, finding.what),
            Text(_value(finding), "bold"),
            _sureness(finding.confidence),
            printable(finding.evidence),
        )
    return table


def _value(finding: Finding) -> str:
    value: JsonValue = finding.value
    if isinstance(value, bool):
        return "yes" if value else "none"
    if isinstance(value, list):
        return ", ".join(printable(str(part), _LONGEST_VALUE) for part in value)
    if finding.what == "delimiter" and value in _CHARACTERS:
        return _CHARACTERS[str(value)]
    if finding.what == "format":
        return printable(str(value).upper())
    return "none" if value is None else printable(str(value), _LONGEST_VALUE)


def _sureness(confidence: float) -> Text:
    percent = f"{confidence:.0%}"
    if confidence >= _SURE:
        return Text(f"{percent} sure", "green")
    if confidence >= _FAIRLY_SURE:
        return Text(f"{percent} fairly sure", "green")
    return Text(f"{percent} likely", "yellow") if confidence >= _LIKELY else Text(f"{percent} a guess: look", "red")


def _rows(upload: UploadDetail, preview: Preview) -> Table:
    names, emails = upload.column_names or [], {number - 1 for number in upload.email_columns or []}
    width = max([len(names), *(len(row.columns) for row in preview.rows)])
    shown = _shown_columns(width, emails)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("line", justify="right", no_wrap=True)
    for column in shown:
        name = printable(names[column] if column < len(names) else f"column_{column + 1}", _LONGEST_CELL)
        style = "green" if column in emails else ""
        table.add_column(Text(f"@ {name}" if column in emails else name, style), no_wrap=True, overflow="ellipsis")
    if len(shown) < width:
        table.add_column(f"and {width - len(shown):,} more", no_wrap=True)
    for row in preview.rows:
        cells = (printable(row.columns[column], _LONGEST_CELL) if column < len(row.columns) else "" for column in shown)
        table.add_row(str(row.row_number), *cells, *([""] if len(shown) < width else []))
    return table


def _shown_columns(width: int, emails: set[int]) -> Sequence[int]:
    """The first columns, and those with addresses wherever they stand."""
    first = [column for column in range(width) if column not in emails]
    return sorted([*sorted(emails)[:_MOST_COLUMNS], *first[: max(0, _MOST_COLUMNS - len(emails))]])


def _expectations(preview: Preview) -> Iterable[RenderableType]:
    estimate = preview.estimate
    yield Text(
        "what is in it" if preview.complete else f"what to expect, by the first {preview.rows_read:,} rows", "italic"
    )
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for name, share in (
        ("wrong syntax", estimate.bad_syntax),
        ("repeated", estimate.duplicates),
        ("disposable", estimate.disposable),
        ("rows without an address", estimate.no_address),
    ):
        table.add_row(name, _percent(share), f"{share.count:,} of {share.of:,}")
    yield Padding(table, (0, 0, 0, 2), expand=False)
    if estimate.duplicates.share > _HALF:
        yield Text("more than half of these addresses repeat: is it the list that you mean?", "yellow")


def _next_steps(file: str, options: ReadingOptions) -> Iterable[RenderableType]:
    said = as_arguments(options)
    command = f"mailsift verify {file}{f' {said}' if said else ''}"
    # To be copied, so it is one line however long.
    yield Text.assemble("If that is right:  ", (printable(command), "bold"), no_wrap=True, overflow="ignore")
    yield "If not, say what it is, here and to verify:"
    ways = Table.grid(padding=(0, 2))
    for option, meaning in _WAYS:
        ways.add_row(option, meaning)
    yield Padding(ways, (0, 0, 0, 2), expand=False)


def _percent(share: Share) -> str:
    return f"{share.share:.1%}" if share.share >= 0.001 or not share.count else "< 0.1%"


def _rounded(number: int) -> int:
    """Two figures: more would be a lie."""
    return round(number, min(0, 2 - len(str(number))))


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < _STEP:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:,.1f} GB"

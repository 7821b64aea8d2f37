"""CSV, TSV and plain text: how their lines are parted into cells, and how sure that is; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mailsift.ingest.detection.description import describe
from mailsift.ingest.detection.encodings import Decoded
from mailsift.ingest.detection.judgement import Sample, judge
from mailsift.ingest.detection.layouts import Layout, find_layout
from mailsift.ingest.dialect import AS_ASKED, Dialect, Finding, Format, Trait
from mailsift.ingest.formats.lines import split_lines
from mailsift.ingest.rows import MAX_COLUMNS, MAX_ROW_LENGTH
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

_MAX_LINES: Final = 1000
_MAX_CHARACTERS: Final = MAX_ROW_LENGTH
_FORMATS: Final = {None: Format.TEXT, "\t": Format.TSV}
_USUAL_DELIMITERS: Final = (",", ";", "\t", "|")


def detect_table(decoded: Decoded, options: ReadingOptions, *, complete: bool) -> Dialect:
    """Tell how to read lines of text.

    Raises PermanentError: `line_too_long`, `too_many_columns`, and those of `judge`.
    """
    _refuse_endless_line(decoded.text)
    layout = find_layout(_first_lines(decoded.text, complete=complete), options.delimiter)
    judgement = judge(Sample(layout.rows, complete, whole_line=layout.delimiter is None), options)
    on_format = _on_format(_FORMATS.get(layout.delimiter, Format.CSV), layout)
    dialect = describe(judgement, decoded, on_format, tuple(_on_layout(layout, options)))
    return replace(dialect, delimiter=layout.delimiter, quote=layout.quote)


def _refuse_endless_line(text: str) -> None:
    """A text without a line end that is longer than a row may be, however long it is."""
    beginning = text.lstrip()
    if len(beginning) < MAX_ROW_LENGTH or "\n" in beginning or "\r" in beginning:
        return
    if any(beginning.count(delimiter) >= MAX_COLUMNS for delimiter in _USUAL_DELIMITERS):
        raise PermanentError(
            "too_many_columns", f"The rows have more than {MAX_COLUMNS} columns. Please upload fewer of them."
        )
    raise PermanentError(
        "line_too_long", "The file is one line without an end. Please put each address on a line of its own."
    )


def _on_format(format_: Format, layout: Layout) -> Finding:
    if layout.delimiter is None:
        return Finding(Trait.FORMAT, format_.value, 0.9, "lines of text, one cell each")
    return Finding(Trait.FORMAT, format_.value, layout.confidence, f"text in {layout.census.width} columns")


def _on_layout(layout: Layout, options: ReadingOptions) -> Iterator[Finding]:
    if layout.delimiter is None:
        return
    if options.delimiter:
        yield Finding(Trait.DELIMITER, layout.delimiter, 1.0, AS_ASKED)
    else:
        evidence = f"{layout.census.consistency:.0%} of rows have {layout.census.width} columns"
        yield Finding(Trait.DELIMITER, layout.delimiter, layout.confidence, evidence)
    if layout.is_quoted:
        yield Finding(Trait.QUOTE, layout.quote, 1.0, "cells stand in it")
    else:
        yield Finding(Trait.QUOTE, layout.quote, 0.9, "usual; no cell stands in any")


def _first_lines(text: str, *, complete: bool) -> list[str]:
    """Whole lines, as many as it takes to judge; those too long to be read say nothing of the others."""
    lines = split_lines(text)
    if not complete and len(lines) > 1:
        lines.pop()
    taken = []
    characters = 0
    for line in lines:
        if len(line) <= MAX_ROW_LENGTH and not line.isspace():
            taken.append(line)
            characters += len(line)
        if len(taken) == _MAX_LINES or characters > _MAX_CHARACTERS:
            break
    return taken

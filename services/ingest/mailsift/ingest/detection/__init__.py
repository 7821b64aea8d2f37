"""What a file is and how to read it, told from its beginning and never from its name; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mailsift.ingest.detection.contents import refuse_other_formats
from mailsift.ingest.detection.encodings import decode
from mailsift.ingest.detection.judgement import Sample, judge
from mailsift.ingest.detection.layouts import Layout, find_layout
from mailsift.ingest.dialect import AS_ASKED, Dialect, Finding, Format, Trait
from mailsift.ingest.formats.lines import split_lines
from mailsift.ingest.rows import MAX_ROW_LENGTH
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

SAMPLE_SIZE: Final = 4 * MAX_ROW_LENGTH
"""How many bytes to give `detect`: enough to see past a first row of the greatest length."""

_MAX_LINES: Final = 1000
_MAX_CHARACTERS: Final = MAX_ROW_LENGTH
_FORMATS: Final = {None: Format.TEXT, "\t": Format.TSV}


def detect(sample: bytes, options: ReadingOptions, *, complete: bool) -> Dialect:
    """Tell how to read the file that begins with `sample`; `complete` when that is the whole of it."""
    if not sample:
        raise PermanentError("empty_file", "The file is empty.")
    refuse_other_formats(sample)
    decoded = decode(sample, options.encoding, complete=complete)
    layout = find_layout(_first_lines(decoded.text, complete=complete), options.delimiter)
    judgement = judge(Sample(layout.rows, complete, whole_line=layout.delimiter is None), options)
    format_ = _FORMATS.get(layout.delimiter, Format.CSV)
    encoding = Finding(Trait.ENCODING, decoded.encoding, decoded.confidence, decoded.evidence)
    return Dialect(
        format=format_,
        encoding=decoded.encoding,
        delimiter=layout.delimiter,
        quote=layout.quote,
        skipped_rows=judgement.skipped_rows,
        has_header=judgement.has_header,
        column_names=judgement.column_names,
        email_columns=judgement.email_columns,
        kept_columns=judgement.kept_columns,
        findings=(_on_format(format_, layout), encoding, *_on_layout(layout, options), *judgement.findings),
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

"""What a file is and how to read it, told from its beginning and never from its name; pure."""

from __future__ import annotations

from typing import Final

from mailsift.ingest.detection.contents import refuse_other_formats
from mailsift.ingest.detection.encodings import Decoded, decode
from mailsift.ingest.detection.headers import has_header, is_email_word, name_columns
from mailsift.ingest.detection.layouts import Layout, find_layout
from mailsift.ingest.dialect import Dialect, Finding, Format, Trait
from mailsift.ingest.formats.lines import split_lines
from mailsift.ingest.rows import MAX_ROW_LENGTH
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

SAMPLE_SIZE: Final = 4 * MAX_ROW_LENGTH
"""How many bytes to give `detect`: enough to see past a first row of the greatest length."""

_MAX_LINES: Final = 1000
_MAX_CHARACTERS: Final = MAX_ROW_LENGTH
_MAX_NAMES_SHOWN: Final = 10
_MAX_NAME_SHOWN: Final = 40
_FORMATS: Final = {None: Format.TEXT, "\t": Format.TSV}


def detect(sample: bytes, options: ReadingOptions, *, complete: bool) -> Dialect:
    """Tell how to read the file that begins with `sample`; `complete` when that is the whole of it."""
    if not sample:
        raise PermanentError("empty_file", "The file is empty.")
    refuse_other_formats(sample)
    decoded = decode(sample, complete=complete)
    layout = find_layout(_first_lines(decoded.text, complete=complete))
    _refuse_if_unreadable(layout, complete=complete)
    return _describe(decoded, layout, options)


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


def _refuse_if_unreadable(layout: Layout, *, complete: bool) -> None:
    if not layout.rows:
        raise PermanentError(
            "no_readable_row", "The file has no row that can be read: its lines are blank or too long."
        )
    first = layout.rows[0]
    if complete and len(layout.rows) == 1 and not layout.has_addresses and any(map(is_email_word, first)):
        raise PermanentError("no_readable_row", "The file has a header and no row below it.")
    if not layout.has_addresses and not is_email_word(layout.cell(0)):
        shown = ", ".join(repr(cell.strip()[:_MAX_NAME_SHOWN]) for cell in first[:_MAX_NAMES_SHOWN])
        more = ", ..." if len(first) > _MAX_NAMES_SHOWN else ""
        raise PermanentError(
            "no_email_column",
            f"No column of the file holds e-mail addresses. The first row reads: {shown}{more}.",
        )


def _describe(decoded: Decoded, layout: Layout, options: ReadingOptions) -> Dialect:
    header = has_header(layout.rows, layout.email_column) if options.has_header is None else options.has_header
    names = name_columns(layout.rows[0] if header else [], layout.width)
    share = layout.share_of_addresses(without_first=header)
    email_name = names[layout.email_column]
    return Dialect(
        format=_FORMATS.get(layout.delimiter, Format.CSV),
        encoding=decoded.encoding,
        delimiter=layout.delimiter,
        quote=layout.quote,
        has_header=header,
        column_names=names,
        email_columns=(layout.email_column,),
        findings=(
            Finding(Trait.ENCODING, decoded.encoding, decoded.confidence, decoded.evidence),
            Finding(
                Trait.EMAIL_COLUMNS,
                (email_name,),
                round(0.3 + 0.7 * share, 2),
                f"{share:.0%} of the filled cells of {email_name[:_MAX_NAME_SHOWN]!r} look like addresses",
            ),
        ),
    )

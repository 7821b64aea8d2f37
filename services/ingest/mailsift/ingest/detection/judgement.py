"""What the first rows of a list say, whatever format they came in: header, names, e-mail columns; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailsift.ingest.detection.columns import Census, count_cells, main_email_column, named, named_in_front
from mailsift.ingest.detection.headers import Header, asked_header, find_header, is_email_word, name_columns
from mailsift.ingest.detection.wishes import Wishes, shown
from mailsift.ingest.dialect import AS_ASKED, Finding, Trait
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

_MAX_NAMES_SHOWN: Final = 10
_MAX_NAME_SHOWN: Final = 40
_MAX_NAME_TOLD: Final = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a list, blank ones left out."""

    rows: Sequence[list[str]]
    complete: bool
    """Whether there are no more."""
    names: tuple[str, ...] | None = None
    """Of the columns, where the format itself has them and no row is a header."""
    whole_line: bool = False
    """Whether a row is a line of running text, and an address may stand anywhere in it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The part of a dialect that rows tell."""

    skipped_rows: int
    has_header: bool
    column_names: tuple[str, ...]
    email_columns: tuple[int, ...]
    kept_columns: tuple[int, ...] | None
    findings: tuple[Finding, ...]


def judge(sample: Sample, options: ReadingOptions) -> Judgement:
    """Tell which row names the columns and which columns hold addresses, or believe what the user says.

    Raises PermanentError: `no_readable_row`, `no_email_column`, `no_such_column`, `too_many_email_columns`.
    """
    if not sample.rows:
        raise PermanentError(
            "no_readable_row", "The file has no row that can be read: its lines are blank or too long."
        )
    census = count_cells(sample.rows, whole_line=sample.whole_line)
    main, _ = main_email_column(census, named(sample.names or ()) or named_in_front(sample.rows, census))
    header = _header(sample, options, main, census.width)
    if sample.complete and header.rows >= len(sample.rows):
        raise PermanentError("no_readable_row", "The file has a header and no row below it.")
    given = sample.names or (sample.rows[header.skipped_rows] if header.is_there else ())
    names = name_columns(given, max(census.width, 1 + max(census.addresses, default=0), main + 1))
    below = count_cells(sample.rows[header.rows :], whole_line=sample.whole_line)
    wishes = Wishes(options, names)
    asked = wishes.email_columns
    if not (asked or census.bearing[main] or is_email_word(names[main])):
        raise PermanentError(
            "no_email_column",
            f"No column of the file holds e-mail addresses. The first row reads: {shown(given or sample.rows[0])}.",
        )
    email_columns = asked or below.email_columns(main, names)
    return Judgement(
        skipped_rows=header.skipped_rows,
        has_header=header.is_there,
        column_names=wishes.names,
        email_columns=email_columns,
        kept_columns=wishes.kept_columns(email_columns),
        findings=(
            Finding(Trait.HEADER, header.is_there, header.confidence, header.evidence),
            _on_email_columns(names, email_columns, below, asked=bool(asked)),
        ),
    )


def _header(sample: Sample, options: ReadingOptions, email_column: int, width: int) -> Header:
    if sample.names is not None:
        return Header(0, False, 1.0, "every row names its columns itself")
    if options.has_header is not None:
        return asked_header(sample.rows, email_column, width, has_header=options.has_header)
    return find_header(sample.rows, email_column, width)


def _on_email_columns(names: Sequence[str], columns: Sequence[int], below: Census, *, asked: bool) -> Finding:
    found = tuple(names[column][:_MAX_NAME_TOLD] for column in columns)
    if asked:
        return Finding(Trait.EMAIL_COLUMNS, found, 1.0, AS_ASKED)
    shares = [below.share_of_addresses(column) for column in columns]
    evidence = ", ".join(
        f"{share:.0%} of {name[:_MAX_NAME_SHOWN]!r}"
        for share, name in zip(shares, found[:_MAX_NAMES_SHOWN], strict=False)
    )
    confidence = round(0.3 + 0.7 * min(shares), 2)
    return Finding(Trait.EMAIL_COLUMNS, found, confidence, f"of the filled cells, addresses are {evidence}")

"""Several lists as one: which columns are the same, and which there are in all; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mailsift.ingest.detection.columns import MAX_EMAIL_COLUMNS
from mailsift.ingest.detection.wishes import Wishes
from mailsift.ingest.dialect import AS_ASKED, Container, Dialect, Finding, Format, Member, Trait
from mailsift.ingest.formats.union import Columns
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import EMAIL, ReadingOptions

_MAX_NAME_TOLD: Final = 200
_MAX_NAMES_SHOWN: Final = 20


def options_of_one(options: ReadingOptions) -> ReadingOptions:
    """What was said of columns is said of all lists together; a single one may have none of them."""
    return replace(options, mapping={}, email_columns=(), keep_columns=None)


def packed_in(container: Container, dialect: Dialect) -> Dialect:
    """What was understood of a list, told of the file that it is packed in."""
    return replace(dialect, container=container, findings=_with_evidence(dialect, f", packed with {container.value}"))


def unite(members: Sequence[Member], options: ReadingOptions, passed_over: Sequence[str]) -> Dialect:
    """Tell how to read the lists of a zip file one behind the other.

    Raises PermanentError: `no_such_column`, `too_many_columns`, `too_many_email_columns`.
    """
    columns = Columns()
    found: set[int] = set()
    for member in members:
        places = columns.place(member.dialect.column_names)
        found.update(places[column] for column in member.dialect.email_columns)
    wishes = Wishes(options, columns.names)
    email_columns = wishes.email_columns or _bounded(found)
    first = members[0].dialect
    evidence = _on_members([member.name for member in members], passed_over)
    findings = [finding for finding in _with_evidence(first, evidence) if finding.what is not Trait.EMAIL_COLUMNS]
    return replace(
        first,
        # It makes no difference to the others, and lines of text are searched for their addresses.
        format=Format.TEXT if any(member.dialect.format is Format.TEXT for member in members) else first.format,
        container=Container.ZIP,
        column_names=wishes.names,
        email_columns=email_columns,
        kept_columns=wishes.kept_columns(email_columns) if len(members) > 1 else first.kept_columns,
        # What was found out of each is told of all.
        members=tuple(replace(member, dialect=replace(member.dialect, findings=())) for member in members),
        findings=(*findings, _on_email_columns(columns.names, email_columns, members, options)),
    )


def _bounded(email_columns: set[int]) -> tuple[int, ...]:
    if len(email_columns) > MAX_EMAIL_COLUMNS:
        raise PermanentError(
            "too_many_email_columns",
            f"The lists have addresses in {len(email_columns)} columns of different names. Please name those to read.",
        )
    return tuple(sorted(email_columns))


def _with_evidence(dialect: Dialect, more: str) -> tuple[Finding, ...]:
    return tuple(
        replace(finding, evidence=finding.evidence + more) if finding.what is Trait.FORMAT else finding
        for finding in dialect.findings
    )


def _on_members(names: Sequence[str], passed_over: Sequence[str]) -> str:
    lists = f", {len(names)} lists in a zip file ({_shown(names)})" if len(names) > 1 else f", {names[0]} in a zip file"
    return f"{lists}; passed over: {_shown(passed_over)}" if passed_over else lists


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES_SHOWN} more" if len(names) > _MAX_NAMES_SHOWN else ""
    return ", ".join(names[:_MAX_NAMES_SHOWN]) + more


def _on_email_columns(
    names: Sequence[str], columns: Sequence[int], members: Sequence[Member], options: ReadingOptions
) -> Finding:
    found = tuple(names[column][:_MAX_NAME_TOLD] for column in columns)
    if options.email_columns or EMAIL in options.mapping.values():
        return Finding(Trait.EMAIL_COLUMNS, found, 1.0, AS_ASKED)
    each = [one for member in members for one in member.dialect.findings if one.what is Trait.EMAIL_COLUMNS]
    confidence = min((finding.confidence for finding in each), default=0.0)
    return Finding(Trait.EMAIL_COLUMNS, found, confidence, f"found in each of {len(members)} lists")

"""Suppresses addresses and domains from the command line, shows them, and lets them go again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from mailsift.api.schemas.suppressions import SuppressionsAdded, SuppressionsRemoved
from mailsift.shared.suppressions import parse_suppression
from mailsift.standalone.client import Client
from mailsift.standalone.errors import InputError

# Long ones, too, fit into a body of the size that the API takes.
AT_ONCE = 10_000


def read_values(named: Sequence[str], file: Path | None) -> list[str]:
    """Take values from the command line and from a file, each once; blank lines are passed over. Raises InputError."""
    values = [_checked(value, "") for value in named]
    if file is not None:
        values += _lines(file)
    return list(dict.fromkeys(values))


def suppress(client: Client, values: Sequence[str], reason: str | None) -> SuppressionsAdded:
    """Suppress addresses and domains, as many as there are."""
    answers = [client.suppress(part, reason) for part in _parts(values)]
    return SuppressionsAdded(
        added=sum(answer.added for answer in answers),
        already_suppressed=sum(answer.already_suppressed for answer in answers),
    )


def release(client: Client, values: Sequence[str]) -> SuppressionsRemoved:
    """Suppress addresses and domains no longer, as many as there are."""
    return SuppressionsRemoved(removed=sum(client.release(part).removed for part in _parts(values)))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[first : first + AT_ONCE] for first in range(0, len(values), AT_ONCE))


def _lines(path: Path) -> Iterator[str]:
    try:
        with nullcontext(sys.stdin) if str(path) == "-" else path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _checked(line.strip(), f", line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("unreadable_file", f"{path} cannot be read: {error}") from error


def _checked(value: str, where: str) -> str:
    try:
        parse_suppression(value)
    except ValueError as error:
        raise InputError("invalid_suppression", f"{value[:100]!r}{where}: {error}") from error
    return value

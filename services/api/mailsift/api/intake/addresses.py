"""Addresses in JSON, written as the text file that ingest reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_BATCH = 1000


def one_a_line(emails: Sequence[str]) -> Iterator[bytes]:
    """Write one address a line; the schema lets no line break in."""
    for start in range(0, len(emails), _BATCH):
        yield "".join(f"{email}\n" for email in emails[start : start + _BATCH]).encode()

"""The lists that go through a scenario, and what must come out of them; pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable

DOMAINS = 20

_ZONE = """
$ORIGIN {domain}.
$TTL 3600
@ IN SOA ns.{domain}. admin.{domain}. 1 3600 600 86400 300
@ IN NS ns.{domain}.
ns IN A 127.0.0.1
@ IN MX 10 mx.{domain}.
mx IN A 192.0.2.1
@ IN TXT "v=spf1 mx -all"
"""

ZONES = {f"domain{n}.example": _ZONE.format(domain=f"domain{n}.example") for n in range(DOMAINS)}


def content(rows: int) -> bytes:
    """A list in which every tenth row repeats an earlier address and every hundredth has none."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["id", "e-mail", "note"])
    writer.writerows([number, address(number), f'says "hello", row {number}'] for number in range(rows))
    return target.getvalue().encode()


def address(number: int) -> str:
    if number % 100 == 50:
        return ""
    person = number - 5 if number % 10 == 9 else number
    return f"person{person}@domain{person % DOMAINS}.example"


def distinct(rows: int) -> int:
    """How many results the analysis of such a list has."""
    return len({address(number) for number in range(rows)} - {""})


def faults(found: Iterable[str], rows: int) -> tuple[int, int]:
    """Count the ids that are missing from an exported file, and those that are there too often or should not be."""
    counts = Counter(found)
    expected = {str(number) for number in range(rows)}
    return len(expected - counts.keys()), counts.total() - len(expected & counts.keys())

"""Looks for an address in a stored file, as it lies."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import BinaryIO, Final

from mailsift.shared.spellings import domains, pattern_of_bytes

_CHUNK: Final = 4 * 1024 * 1024
_OVERLAP: Final = 4096
"""More than an address is long, however it is written."""

# gzip, bzip2, xz, Zstandard, zip (and with it XLSX and ODS), the container of XLS, Parquet, PDF.
_PACKED: Final = (
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"PK",
    b"\xd0\xcf\x11\xe0",
    b"PAR1",
    b"%PDF",
)


class Holding(Enum):
    """Whether a file holds an address."""

    IT = auto()
    NOT = auto()
    WHO_KNOWS = auto()
    """It is packed: what is in it cannot be seen as it lies."""


def look_through(file: BinaryIO, addresses: Sequence[str]) -> Holding:
    """Read a file to its end, or to the first trace of one of these addresses; in little memory, whatever its size."""
    wanted, hosts = pattern_of_bytes(addresses), domains(addresses)
    kept = b""
    for number, chunk in enumerate(iter(lambda: file.read(_CHUNK), b"")):
        if not number and chunk.startswith(_PACKED):
            return Holding.WHO_KNOWS
        # Without its NULs UTF-16 is, for an address in ASCII, the same bytes as UTF-8.
        text = (kept + chunk).replace(b"\0", b"")
        lowered = text.lower()
        if any(host in lowered for host in hosts) and wanted.search(text):
            return Holding.IT
        kept = text[-_OVERLAP:]
    return Holding.NOT

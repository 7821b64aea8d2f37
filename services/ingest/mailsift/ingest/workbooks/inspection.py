"""What a workbook says of itself on the outside, before anything in it is parsed."""

from __future__ import annotations

import zipfile
from typing import BinaryIO, Final

from mailsift.ingest.workbooks.faults import Fault, Unreadable

_COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Sheets of one and the same row shrink to a sixtieth; what is made to burst shrinks to a thousandth.
_MOST_RATIO: Final = 250
_ALWAYS_ALLOWED: Final = 100 * 1024**2

_MANIFEST: Final = "META-INF/manifest.xml"
_MANIFEST_SIZE: Final = 1024**2
# [MS-XLS] 2.4.117: the record that says so follows the first.
_FILE_PASS: Final = b"\x2f\x00"


def inspect(file: BinaryIO, size: int, most: int) -> int:
    """How many bytes there are to parse: of an archive what it unpacks to, of any other file its `size`.

    Raises Unreadable, also for what has a password. An archive may lie, but what comes out of it beyond its word costs
    processor time that is given out by that word.
    """
    beginning = file.read(len(_COMPOUND))
    if beginning == _COMPOUND:
        _inspect_compound(file)
        return size
    try:
        with zipfile.ZipFile(file) as archive:
            return _inspect_archive(archive, size, most)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
        raise Unreadable(Fault.DAMAGED) from error


def _inspect_archive(archive: zipfile.ZipFile, size: int, most: int) -> int:
    expanded = sum(member.file_size for member in archive.infolist())
    if expanded > max(_ALWAYS_ALLOWED, _MOST_RATIO * size):
        raise Unreadable(Fault.BOMB)
    if expanded > most:
        raise Unreadable(Fault.TOO_LARGE)
    if _MANIFEST in archive.namelist():
        with archive.open(_MANIFEST) as manifest:
            # OpenDocument 1.2, part 3, section 4.4
            if b":encryption-data" in manifest.read(_MANIFEST_SIZE):
                raise Unreadable(Fault.ENCRYPTED)
    return expanded


def _inspect_compound(file: BinaryIO) -> None:
    """Of the old Office formats; one such file also wraps an .xlsx that has a password ([MS-OFFCRYPTO] 2.3.4.4)."""
    import olefile  # noqa: PLC0415 - only where it is wanted, and under the limits

    with olefile.OleFileIO(file) as compound:
        if compound.exists("EncryptedPackage"):
            raise Unreadable(Fault.ENCRYPTED)
        name = next((name for name in ("Workbook", "Book") if compound.exists(name)), None)
        if name is None:
            raise Unreadable(Fault.NO_WORKBOOK)
        with compound.openstream(name) as records:
            records.seek(2)
            records.seek(int.from_bytes(records.read(2), "little"), 1)
            if records.read(2) == _FILE_PASS:
                raise Unreadable(Fault.ENCRYPTED)

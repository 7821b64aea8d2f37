"""Files that are no text, known by how they begin; pure."""

from __future__ import annotations

from typing import Final

from mailsift.ingest.dialect import Format
from mailsift.shared.errors import PermanentError

_UNPACK: Final = "unpack it and upload the list inside"
_EXPORT: Final = "upload the list itself, as CSV or plain text"

_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOKS: Final = (
    (b"application/vnd.oasis.opendocument.spreadsheet", Format.ODS),
    (b"xl/work", Format.XLSX),
)

_SIGNATURES: Final = (
    (b"PK\x05\x06", "an empty zip archive", _EXPORT),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"%PDF-", "a PDF document", _EXPORT),
    (b"\x89PNG\r\n", "a PNG image", _EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", _EXPORT),
    (b"GIF8", "a GIF image", _EXPORT),
    (b"\x7fELF", "a program", _EXPORT),
    (b"MZ", "a program", _EXPORT),
    (b"SQLite format 3\x00", "an SQLite database", _EXPORT),
    (b"PAR1", "a Parquet file", _EXPORT),
)

# These begin with letters that a list may begin with too: they count only beside bytes that no text holds.
_PRINTABLE: Final = frozenset({b"BZh", b"GIF8", b"MZ", b"PAR1"})

_ZIP: Final = b"PK\x03\x04"
_ZIPPED: Final = (
    (b"word/", "a Word document (.docx)", _EXPORT),
    (b"", "a zip archive", _UNPACK),
)


def workbook_format(sample: bytes) -> Format | None:
    """Which kind of workbook a file is, if it is one."""
    if sample.startswith(_OLD_OFFICE):
        return Format.XLS
    if sample.startswith(_ZIP):
        return next((format_ for mark, format_ in _WORKBOOKS if mark in sample), None)
    return None


def refuse_other_formats(sample: bytes) -> None:
    """Raise `binary_file` if the sample begins as a file of another kind does."""
    if sample.startswith(_ZIP):
        raise binary_file(*next((name, advice) for mark, name, advice in _ZIPPED if mark in sample))
    for signature, name, advice in _SIGNATURES:
        if sample.startswith(signature) and (signature not in _PRINTABLE or b"\0" in sample):
            raise binary_file(name, advice)


def binary_file(name: str = "a binary file", advice: str = _EXPORT) -> PermanentError:
    """The error for a file that is no text: what it looks like, and what to do."""
    return PermanentError("binary_file", f"The file is not text; it looks like {name}. Please {advice}.")

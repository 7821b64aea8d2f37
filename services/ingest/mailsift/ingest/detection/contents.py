"""Files that are no text, known by how they begin: what lists are packed in, workbooks, and what is no list; pure."""

from __future__ import annotations

import re
from typing import Final

from mailsift.ingest.dialect import Container, Format
from mailsift.shared.errors import PermanentError

_UNPACK: Final = "unpack it and upload the list inside"
_EXPORT: Final = "upload the list itself, as CSV or plain text"

_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOKS: Final = (
    (b"application/vnd.oasis.opendocument.spreadsheet", Format.ODS),
    (b"xl/work", Format.XLSX),
)

_SIGNATURES: Final = (
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
_PRINTABLE: Final = frozenset({b"GIF8", b"MZ", b"PAR1"})

_ZIP: Final = b"PK\x03\x04"
_PACKED: Final = (
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), Container.ZIP),
    (re.compile(rb"\x1f\x8b"), Container.GZIP),
    # Letters, so with what follows: the level, and what a block or the end of all begins with.
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), Container.BZIP2),
    (re.compile(rb"\xfd7zXZ\x00"), Container.XZ),
    # A frame, or one to be skipped, as some programs put first (RFC 8878 3.1.2).
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), Container.ZSTD),
)
# Office files are zip files too, and the first name in one tells.
_OFFICE: Final = re.compile(
    rb"\[Content_Types\]\.xml|_rels/|docProps/|customXml/|xl/|word/|ppt/|mimetype|META-INF/|content\.xml|styles\.xml|meta\.xml"
)
_NAME_AT: Final = 30
_TAR: Final = (b"ustar", 257)

HEAD_SIZE: Final = 512
"""How many bytes to give `find_container`."""


def find_container(head: bytes) -> Container | None:
    """What a file is packed in, if it is, by its first bytes."""
    if _is_office(head):
        return None
    return next((container for signature, container in _PACKED if signature.match(head)), None)


def refuse_packed(sample: bytes) -> None:
    """Raise `nested_archive` if what came out of a file is packed itself. A tar file, too, is a folder of files."""
    mark, place = _TAR
    if find_container(sample[:HEAD_SIZE]) or sample.startswith(mark, place):
        raise PermanentError(
            "nested_archive",
            "There is an archive inside, not a list. Please upload the list itself, or a zip file of lists.",
        )


def workbook_format(sample: bytes) -> Format | None:
    """Which kind of workbook a file is, if it is one."""
    if sample.startswith(_OLD_OFFICE):
        return Format.XLS
    if _is_office(sample):
        return next((format_ for mark, format_ in _WORKBOOKS if mark in sample), None)
    return None


def refuse_other_formats(sample: bytes) -> None:
    """Raise `binary_file` if the sample begins as a file of another kind does."""
    if _is_office(sample):
        raise binary_file("a Word document (.docx)" if b"word/" in sample else "an office file")
    for signature, name, advice in _SIGNATURES:
        if sample.startswith(signature) and (signature not in _PRINTABLE or b"\0" in sample):
            raise binary_file(name, advice)


def _is_office(head: bytes) -> bool:
    return head.startswith(_ZIP) and _OFFICE.match(head, _NAME_AT) is not None


def binary_file(name: str = "a binary file", advice: str = _EXPORT) -> PermanentError:
    """The error for a file that is no text: what it looks like, and what to do."""
    return PermanentError("binary_file", f"The file is not text; it looks like {name}. Please {advice}.")

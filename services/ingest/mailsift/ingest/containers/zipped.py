"""zip files: which members are lists, and each of them as a stream. Names are shown, and never used as paths."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

from mailsift.ingest.containers.bounds import Bounds, Meter, bomb, damaged, too_large
from mailsift.shared.errors import PermanentError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BUFFER_SIZE: Final = 256 * 1024
# zipfile takes as much in as it is to give out: little, so that the ratio of a window is that of what it was made of.
_READ_SIZE: Final = 16 * 1024
_MAX_NAME_SHOWN: Final = 80

# APPNOTE.TXT 4.4.4: bit 0 is traditional encryption, bit 6 strong encryption.
_ENCRYPTED: Final = 0x01 | 0x40
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LOCAL_HEADER_SIZE: Final = 30

# What file managers and office programs leave beside a list.
_LEFTOVERS: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})

_FAULTS: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip file."""

    index: int
    """Its place in the table of contents, which tells apart two of one name."""
    name: str
    """Fit to be shown: printable and short."""
    size: int
    """As the table of contents has it."""


class ZipArchive:
    """A zip file over a stream that can seek."""

    def __init__(self, stored: BinaryIO, bounds: Bounds) -> None:
        self._meter = Meter(bounds)
        self._size = stored.seek(0, os.SEEK_END)
        with _faults():
            self._zip = zipfile.ZipFile(cast("BinaryIO", _Guarded(stored, bounds, self._meter)))
        entries = self._zip.infolist()
        self._refuse_overlaps(entries)
        self.members = tuple(self.member(index) for index, entry in enumerate(entries) if _may_be_list(entry))
        self.passed_over = tuple(shown(entry.filename) for entry in entries if not _may_be_list(entry))
        """The names of what is no list: folders, links and leftovers of file managers."""
        if not self.members:
            raise PermanentError("archive_empty", "The zip file holds no file. Please upload the list itself.")
        if len(self.members) > bounds.members:
            raise too_large(f"it holds more than {bounds.members:,} files")

    @property
    def bytes_read(self) -> int:
        """How many stored bytes have been used so far."""
        # The table of contents was read besides, and its end twice.
        return min(self._meter.stored, self._size)

    def member(self, index: int) -> Member:
        """The member at this place of the table of contents."""
        entry = self._zip.infolist()[index]
        return Member(index, shown(entry.filename), entry.file_size)

    @contextmanager
    def open(self, member: Member) -> Iterator[BinaryIO]:
        """Open a member for reading from its start."""
        entry = self._zip.infolist()[member.index]
        if entry.flag_bits & _ENCRYPTED:
            raise PermanentError(
                "archive_encrypted",
                f"{member.name} is locked with a password. Please unpack it and upload the list inside.",
            )
        if entry.compress_type not in _METHODS:
            raise PermanentError(
                "archive_unsupported",
                f"{member.name} is packed in an unusual way (method {entry.compress_type}). "
                "Please pack it again the usual way (deflate), or upload the list itself.",
            )
        with _faults():
            packed = self._zip.open(entry)
        with packed:
            yield cast("BinaryIO", io.BufferedReader(_Metered(packed, entry, self._meter), _BUFFER_SIZE))

    def _refuse_overlaps(self, entries: list[zipfile.ZipInfo]) -> None:
        """Members that share their bytes are how a small file holds petabytes."""
        starts = sorted((entry.header_offset, entry.compress_size) for entry in entries)
        for (start, size), (following, _) in pairwise([*starts, (self._zip.start_dir, 0)]):
            if start + _LOCAL_HEADER_SIZE + size > following:
                raise bomb("its members overlap")


def shown(name: str) -> str:
    """A name from the archive, fit to be shown."""
    printable = "".join(character if character.isprintable() else "\ufffd" for character in name[: _MAX_NAME_SHOWN + 1])
    return printable if len(printable) <= _MAX_NAME_SHOWN else f"{printable[: _MAX_NAME_SHOWN - 1]}…"


def _may_be_list(entry: zipfile.ZipInfo) -> bool:
    *folders, name = entry.filename.split("/")
    # The upper half of the attributes is a Unix mode where a Unix program wrote it; 0 elsewhere.
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    is_leftover = "__MACOSX" in folders or name.startswith("._") or name.lower() in _LEFTOVERS
    # Not `is_dir`: before Python 3.12 it breaks at a member without a name.
    is_folder = not name and bool(folders)
    return not (is_folder or is_link or is_leftover)


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise damaged("it cannot be unpacked") from error


class _Guarded:
    """The stored bytes, as zipfile reads them: it takes the table of contents as a whole, however long."""

    def __init__(self, stored: BinaryIO, bounds: Bounds, meter: Meter) -> None:
        self._stored = stored
        self._bounds = bounds
        self._meter = meter
        self.seek = stored.seek
        self.tell = stored.tell
        self.seekable = stored.seekable

    def read(self, size: int = -1) -> bytes:
        most = self._bounds.directory_bytes
        data = self._stored.read(most + 1 if size < 0 else min(size, most + 1))
        if len(data) > most:
            raise too_large("its table of contents is too long")
        self._meter.take(len(data))
        return data


class _Metered(io.RawIOBase):
    """A member whose bytes are counted, and which must be as long as the table of contents says."""

    def __init__(self, packed: IO[bytes], entry: zipfile.ZipInfo, meter: Meter) -> None:
        self._packed = packed
        self._entry = entry
        self._meter = meter
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        with _faults():
            data = self._packed.read(min(len(view), _READ_SIZE))
        view[: len(data)] = data
        self._given += len(data)
        if not data and self._given != self._entry.file_size:
            raise damaged("it ends too early")
        self._meter.give(len(data))
        return len(data)

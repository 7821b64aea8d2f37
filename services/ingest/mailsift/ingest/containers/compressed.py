"""gzip, bzip2, xz and Zstandard, with any number of parts behind each other, as one stream of what is in them."""

from __future__ import annotations

import bz2
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, cast

from mailsift.ingest.containers.bounds import Meter, damaged, too_large
from mailsift.ingest.dialect import Container
from mailsift.shared.errors import PermanentError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Little, so that the ratio of a window is nearly that of the bytes it was made of.
_READ_SIZE: Final = 16 * 1024
_BUFFER_SIZE: Final = 256 * 1024

# What the highest level of either asks for, twice: a header may ask for gigabytes.
_MAX_MEMORY: Final = 128 * 1024 * 1024
_MAX_WINDOW_LOG: Final = 27

_FAULTS: Final = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, EOFError, ValueError)


class Decompressor(Protocol):
    """What the standard library's own have in common: one for each part, and never more out than asked for."""

    @property
    def eof(self) -> bool:
        """Whether the part has ended, its checksum too."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without more going in."""

    @property
    def unused_data(self) -> bytes:
        """What came behind the end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Put something in, get something out."""


class Inflater:
    """zlib's, under the names of the others; of gzip, unless `wbits` says otherwise."""

    def __init__(self, wbits: int = 16 + zlib.MAX_WBITS) -> None:
        self._inflate = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        """As in Decompressor."""
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        """As in Decompressor."""
        return not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """As in Decompressor."""
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """As in Decompressor."""
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


def _unzstd() -> Decompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG})


_NEW: Final[dict[Container, Callable[[], Decompressor]]] = {
    Container.GZIP: Inflater,
    Container.BZIP2: bz2.BZ2Decompressor,
    Container.XZ: lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_MEMORY),
    Container.ZSTD: _unzstd,
}


def expand(stored: BinaryIO, container: Container, meter: Meter) -> BinaryIO:
    """Read what is packed in a stream; raises PermanentError `archive_damaged` and the meter's."""
    return cast("BinaryIO", io.BufferedReader(_Expanded(stored, _NEW[container], meter), _BUFFER_SIZE))


class _Expanded(io.RawIOBase):
    """What is in the parts of a packed stream."""

    def __init__(self, stored: BinaryIO, new: Callable[[], Decompressor], meter: Meter) -> None:
        self._stored = stored
        self._new = new
        self._meter = meter
        self._part = new()
        self._is_later = False
        self._waiting = b""
        """Read, and not yet put in: the beginning of the next part."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._expand(len(view))
        view[: len(data)] = data
        self._meter.give(len(data))
        return len(data)

    def _expand(self, size: int) -> bytes:
        while True:
            if self._part.eof and not self._begin_next():
                return b""
            data, at_end = self._take() if self._part.needs_input else (b"", False)
            try:
                expanded = self._part.decompress(data, size)
            except _FAULTS as error:
                raise self._fault(error) from error
            if expanded:
                return expanded
            if at_end and not self._part.eof:
                raise damaged("it ends too early")

    def _take(self) -> tuple[bytes, bool]:
        """What comes next of the stored bytes, and whether there was nothing."""
        data, self._waiting = self._waiting or self._stored.read(_READ_SIZE), b""
        self._meter.take(len(data))
        return data, not data

    def _begin_next(self) -> bool:
        """Go on with the next part, if there is one; NULs behind a part are padding."""
        rest = self._part.unused_data
        while not (rest := rest.lstrip(b"\0")):
            rest = self._stored.read(_READ_SIZE)
            if not rest:
                return False
            self._meter.take(len(rest))
        self._part = self._new()
        self._waiting = rest
        self._meter.take(-len(rest))
        self._is_later = True
        return True

    def _fault(self, error: Exception) -> PermanentError:
        if "emory" in str(error):
            return too_large("unpacking it takes too much memory; pack it at a lower level")
        return damaged("what follows behind its end cannot be unpacked" if self._is_later else "it cannot be unpacked")

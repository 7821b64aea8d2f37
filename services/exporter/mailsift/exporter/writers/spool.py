"""Text that waits in a file, packed: written once, then read once from its start."""

from __future__ import annotations

import zlib
from codecs import getincrementaldecoder
from pathlib import Path
from typing import IO, Final

_LEVEL: Final = 1  # the quickest, and markup packs well all the same
_BUFFER: Final = 64 * 1024


class Spool:
    """A file as far as xlsxwriter needs one for the rows of a sheet; `size` is what it takes on the disk."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._path = path
        self._file: IO[bytes] = path.open("wb")
        self._pack = zlib.compressobj(_LEVEL)
        self._unpack = zlib.decompressobj()
        self._decode = getincrementaldecoder("utf-8")().decode
        self._pieces: list[str] = []
        self._waiting = 0

    def write(self, text: str) -> None:
        """Add to what is there."""
        self._pieces.append(text)
        self._waiting += len(text)
        if self._waiting > _BUFFER:
            self._put(self._pack.compress(self._taken()))

    def seek(self, position: int) -> None:
        """End the writing, and begin to read."""
        if position != 0:
            raise ValueError("it is read from its start")
        self._put(self._pack.compress(self._taken()) + self._pack.flush())
        self._file.close()
        self._file = self._path.open("rb")

    def read(self, size: int) -> str:
        """Read on, about so much; an empty text at the end."""
        while True:
            packed = self._unpack.unconsumed_tail or self._file.read(size)
            text = self._decode(self._unpack.decompress(packed, _BUFFER))
            if text or not packed:
                return text

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _taken(self) -> bytes:
        text = "".join(self._pieces)
        self._pieces, self._waiting = [], 0
        return text.encode()

    def _put(self, packed: bytes) -> None:
        self._file.write(packed)
        self.size += len(packed)

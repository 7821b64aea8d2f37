"""Streams that give what they have in pieces."""

from __future__ import annotations

import io
from collections.abc import Iterator


class Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time, so that blocks end anywhere."""

    def __init__(self, content: bytes, at_most: int) -> None:
        super().__init__(content)
        self._at_most = at_most

    def read(self, size: int | None = -1, /) -> bytes:
        del size
        return super().read(self._at_most)


class Pieces(io.RawIOBase):
    """A stream of pieces that are made as they are read, each as long as it is."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._rest = self._rest or memoryview(next(self._pieces, b""))
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

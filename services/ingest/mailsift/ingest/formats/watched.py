"""A stream that somebody watches: rows may be long in coming, where lines are blank or rows are passed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, cast


def watched(stream: BinaryIO, watch: Callable[[], None]) -> BinaryIO:
    """Call `watch` before each read of a stream; raises what it raises."""
    return cast("BinaryIO", _Watched(stream, watch))


class _Watched:
    """As much of a stream as the formats ask for."""

    def __init__(self, stream: BinaryIO, watch: Callable[[], None]) -> None:
        self._stream = stream
        self._watch = watch

    def read(self, size: int = -1) -> bytes:
        self._watch()
        return self._stream.read(size)

"""gzip around any format; the same rows make the same bytes, for no time stands in them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from gzip import GzipFile
from typing import IO, Final

from mailsift.exporter.writers.writer import Rows, Writer

_LEVEL: Final = 6
_BUFFER: Final = 1024 * 1024


def gzipped(writer: Writer) -> Writer:
    """Pack what a writer writes."""
    return Writer("application/gzip", partial(_begin, writer))


@contextmanager
def _begin(writer: Writer, stream: IO[bytes]) -> Iterator[Rows]:
    packed = GzipFile("", "wb", _LEVEL, stream, mtime=0)
    # COPY hands over one row at a time, of which each would cost as much as a block.
    buffered = io.BufferedWriter(packed, _BUFFER)
    with writer.begin(buffered) as rows:
        yield rows
    buffered.close()

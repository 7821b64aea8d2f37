"""gzip around any format; the same rows make the same bytes, for no time stands in them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from gzip import GzipFile
from typing import IO, Final

from mailsift.exporter.writers.writer import Rows, Writer

GZIP_TYPE: Final = "application/gzip"

_LEVEL: Final = 6
_BUFFER: Final = 1024 * 1024


def gzipped(writer: Writer) -> Writer:
    """Pack what a writer writes."""
    return Writer(GZIP_TYPE, partial(_begin, writer))


@contextmanager
def packed(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Pack what is written into the stream that is returned."""
    # COPY hands over one row at a time, of which each would cost as much as a block.
    with io.BufferedWriter(_Forwards("", "wb", _LEVEL, stream, mtime=0), _BUFFER) as plain:
        yield plain


@contextmanager
def _begin(writer: Writer, stream: IO[bytes]) -> Iterator[Rows]:
    with packed(stream) as plain, writer.begin(plain) as rows:
        yield rows


class _Forwards(GzipFile):
    """A packed file that does not claim what it cannot do: a workbook would go back to mend what it wrote."""

    def seekable(self) -> bool:
        return False

"""A workbook as a file on disk: its formats want to be read from the end, and here and there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from mailsift.ingest.workbooks.faults import Fault, refusal
from mailsift.ingest.workbooks.process import Watch
from mailsift.shared.errors import TransientError

_CHUNK: Final = 1024 * 1024


def chunks(stream: BinaryIO, beginning: bytes) -> Iterator[bytes]:
    """The whole of a stream of which the `beginning` has been read."""
    yield beginning
    while chunk := stream.read(_CHUNK):
        yield chunk


def spool(content: Iterable[bytes], most: int, watch: Watch) -> BinaryIO:
    """Write it into a file that has no name, so that it goes with its last reader.

    Raises PermanentError when there are more bytes than `most`, and TransientError when the disk takes no more.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        for chunk in content:
            _write(file, chunk, most)
            watch()
    except BaseException:
        file.close()
        raise
    return file


def _write(file: BinaryIO, chunk: bytes, most: int) -> None:
    if file.tell() + len(chunk) > most:
        raise refusal(Fault.TOO_LARGE)
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise TransientError(
            "no_scratch_space", "There is no room on disk to keep the workbook while it is read."
        ) from error

"""How many workbooks a worker reads at once: each takes memory of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from mailsift.ingest.dialect import Way
from mailsift.ingest.workbooks.limits import WorkbookLimits
from mailsift.ingest.workbooks.process import Watch
from mailsift.ingest.workbooks.spooling import chunks
from mailsift.ingest.workbooks.workbook import Workbook
from mailsift.shared.errors import Reschedule

_WAIT_SECONDS: Final = 5


class Workbooks:
    """Opens workbooks, as long as there is room for one more."""

    def __init__(self, limits: WorkbookLimits | None = None, at_once: int = 1) -> None:
        self._limits = limits or WorkbookLimits()
        self._room = threading.BoundedSemaphore(at_once)

    @contextmanager
    def open(
        self, stream: BinaryIO, watch: Watch, *, beginning: bytes = b"", way: Way | None = None
    ) -> Iterator[Workbook]:
        """Open the workbook in a stream, of which the `beginning` has been read; None leaves the `way` open.

        Raises Reschedule when others are being read: no thread waits for them.
        """
        if not self._room.acquire(blocking=False):
            raise Reschedule(_WAIT_SECONDS, "another workbook is being read")
        try:
            with Workbook(chunks(stream, beginning), self._limits, watch, way) as workbook:
                yield workbook
        finally:
            self._room.release()

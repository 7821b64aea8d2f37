"""Counts that several processes keep and one reads: a file of eight bytes each, so that reading disturbs nobody."""

from __future__ import annotations

import mmap
import os
import struct
import threading
from pathlib import Path

DONE = "done"
SENT = "sent"
_COUNT = struct.Struct("q")


class Tally:
    """What this process has counted so far."""

    def __init__(self, folder: Path, name: str) -> None:
        path = folder / f"{name}-{os.getpid()}"
        fresh = path.with_name(f".{path.name}")
        fresh.write_bytes(_COUNT.pack(0))
        with fresh.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _COUNT.size)
        fresh.replace(path)
        self._lock = threading.Lock()
        self._count = 0

    def add(self) -> None:
        """Count one more."""
        with self._lock:
            self._count += 1
            _COUNT.pack_into(self._map, 0, self._count)


def total(folder: Path, name: str) -> int:
    """Add up what all processes have counted under `name`."""
    return sum(_COUNT.unpack(Path(path).read_bytes())[0] for path in _files(folder, name))


def members(folder: Path, name: str) -> int:
    """Return how many processes count under `name`."""
    return len(_files(folder, name))


def _files(folder: Path, name: str) -> list[str]:
    return [entry.path for entry in os.scandir(folder) if entry.name.startswith(f"{name}-")]

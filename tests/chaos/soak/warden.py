"""Starts processes anew that have ended, and ends those that are no longer alive, as Kubernetes does."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chaos.process import Process
from chaos.rig import Rig
from servers import LOOPBACK

_LOOK_SECONDS = 0.5
_BACK_OFF_SECONDS = 1.0
_START_SECONDS = 60.0
_PATIENCE_SECONDS = 15.0


class Warden:
    """Watches over all processes of a rig."""

    def __init__(self, rig: Rig) -> None:
        self.restarts = 0
        self.ended = 0
        self._rig = rig
        self._locks: dict[str, threading.Lock] = {}
        self._well: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    @contextmanager
    def leave_alone(self, name: str) -> Iterator[None]:
        """Do not touch a process while the block runs."""
        with self._lock(name):
            try:
                yield
            finally:
                self._well[name] = time.monotonic()

    def _run(self) -> None:
        for process in self._rig.processes:
            self._well[process.name] = time.monotonic()
        while not self._over.wait(_LOOK_SECONDS):
            for process in self._rig.processes:
                lock = self._lock(process.name)
                if lock.acquire(blocking=False):
                    try:
                        self._see_after(process)
                    finally:
                        lock.release()

    def _lock(self, name: str) -> threading.Lock:
        return self._locks.setdefault(name, threading.Lock())

    def _see_after(self, process: Process) -> None:
        now = time.monotonic()
        if not process.running:
            if not self._over.wait(_BACK_OFF_SECONDS):
                process.launch()
                self.restarts += 1
                self._well[process.name] = now + _START_SECONDS
        elif _is_live(process):
            self._well[process.name] = now
        elif now - self._well[process.name] > _PATIENCE_SECONDS:
            self.ended += 1
            process.kill()


def _is_live(process: Process) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, process.health_port, timeout=2)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

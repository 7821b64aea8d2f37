"""Watching jobs: one LISTEN connection per process wakes everybody who waits for news of a job."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from mailsift.api.places import Places
from mailsift.shared.db.listener import Listener
from mailsift.shared.jobs.repository.queueing import PROGRESS_CHANNEL


class Watch:
    """One waiter's ear."""

    def __init__(self) -> None:
        self._news = threading.Event()
        self.closed = False

    def wait(self, timeout: float) -> None:
        """Return when there may be news, at the latest after `timeout` seconds."""
        self._news.wait(timeout)
        self._news.clear()

    def wake(self) -> None:
        """Tell the waiter to look."""
        self._news.set()

    def close(self) -> None:
        """Tell the waiter that this process is about to stop."""
        self.closed = True
        self._news.set()


class JobWatcher:
    """Hands notifications to waiters; it connects when the first one comes. A waiter must look by itself now and then.

    At most `places` may wait at a time, for each holds a thread of the server, and a quarter of them for one workspace.
    """

    def __init__(self, database_url: str, places: int) -> None:
        self._listener = Listener(database_url, [PROGRESS_CHANNEL], "mailsift-api-listen")
        self.places = Places(places, places // 4)
        self._lock = threading.Lock()
        self._watches: dict[uuid.UUID, set[Watch]] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, root_id: uuid.UUID) -> Iterator[Watch]:
        """Hear of a root job for as long as the block lasts."""
        watch = Watch()
        with self._lock:
            if self._stopping.is_set():
                watch.close()
            self._watches.setdefault(root_id, set()).add(watch)
            self._start()
        try:
            yield watch
        finally:
            with self._lock:
                self._watches[root_id].discard(watch)
                if not self._watches[root_id]:
                    del self._watches[root_id]

    def close_watches(self) -> None:
        """Let every waiter go, and whoever comes after at once: the process drains."""
        self._stopping.set()
        with self._lock:
            for watch in self._everybody():
                watch.close()

    def stop(self) -> None:
        """Let every waiter go and end the connection."""
        self.close_watches()
        if self._thread is not None:
            self._thread.join()
        self._listener.close()

    def _start(self) -> None:
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._run, name="job-watcher", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            payloads = self._listener.wait(1.0)
            with self._lock:
                # None: the connection is new, and whatever was notified before it is lost.
                for watch in self._everybody() if payloads is None else self._named(payloads):
                    watch.wake()

    def _everybody(self) -> list[Watch]:
        return [watch for watches in self._watches.values() for watch in watches]

    def _named(self, payloads: list[str]) -> list[Watch]:
        names = {uuid.UUID(payload) for payload in payloads}
        return [watch for name in names for watch in self._watches.get(name, ())]

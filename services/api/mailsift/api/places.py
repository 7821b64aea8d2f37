"""Places that requests hold for a while, of which no workspace may have more than a share."""

from __future__ import annotations

import threading
import uuid
from collections import Counter


class Places:
    """So many places, and a share of them at most for one workspace; whoever takes one frees it."""

    def __init__(self, count: int, share: int) -> None:
        self._count = count
        self._share = max(1, share)
        self._taken: Counter[uuid.UUID] = Counter()
        self._lock = threading.Lock()

    def take(self, workspace_id: uuid.UUID) -> bool:
        """Take a place, if one is free for this workspace."""
        with self._lock:
            free = self._taken.total() < self._count and self._taken[workspace_id] < self._share
            if free:
                self._taken[workspace_id] += 1
            return free

    def free(self, workspace_id: uuid.UUID) -> None:
        """Give a place back."""
        with self._lock:
            self._taken -= Counter([workspace_id])

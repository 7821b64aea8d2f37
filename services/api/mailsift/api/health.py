"""What keeps this process from taking requests: asked of the database now and then, answered at once."""

from __future__ import annotations

import threading

from sqlalchemy import Engine

from mailsift.shared.db.schema import schema_fault

_SECONDS = 2.0
_STOPS = "it was asked to leave"


class DatabaseProbe:
    """Asks the database every two seconds; `fault` is what it last said, None when it has what is needed."""

    def __init__(self, engine: Engine) -> None:
        self.fault: str | None = "the database was not asked yet"
        self._engine = engine
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-probe", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; the process takes no more requests."""
        self._stopping.set()
        self.fault = _STOPS

    def _run(self) -> None:
        while not self._stopping.is_set():
            fault = schema_fault(self._engine)
            self.fault = _STOPS if self._stopping.is_set() else fault
            self._stopping.wait(_SECONDS)

"""Whether this process can take requests: asked of the database now and then, answered at once."""

from __future__ import annotations

import threading

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

_SECONDS = 2.0


class DatabaseProbe:
    """Asks the database every two seconds; `ready` is what it last said."""

    def __init__(self, engine: Engine) -> None:
        self.ready = False
        self._engine = engine
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-probe", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; the process takes no more requests."""
        self._stopping.set()
        self.ready = False

    def _run(self) -> None:
        while not self._stopping.is_set():
            ready = self._ask()
            self.ready = ready and not self._stopping.is_set()
            self._stopping.wait(_SECONDS)

    def _ask(self) -> bool:
        try:
            with self._engine.connect():  # The pool asks before it hands a connection out.
                return True
        except SQLAlchemyError:
            return False

"""One event loop for all threads of a process, in a thread of its own that lives while one of them needs it.

Loops side by side would hand the interpreter's lock to and fro with every datagram: twice the processor time.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_Held = TypeVar("_Held")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Place(Generic[_Held]):
    """Where coroutines run, and what they share there."""

    held: _Held
    _loop: asyncio.AbstractEventLoop
    _over: asyncio.Event

    def start(self, coroutine: Coroutine[Any, Any, _Result]) -> Future[_Result]:
        """Have it run there; to cancel the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def end(self) -> None:
        """Let the thread go."""
        self._loop.call_soon_threadsafe(self._over.set)


class CommonLoop(Generic[_Held]):
    """What the coroutines share is opened with the first who comes and closed with the last who goes."""

    def __init__(self, open_held: Callable[[], AbstractAsyncContextManager[_Held]]) -> None:
        self._open_held = open_held
        self._lock = threading.Lock()
        self._users = 0
        self._place: Place[_Held] | None = None

    @contextmanager
    def joined(self) -> Iterator[Place[_Held]]:
        """Keep it open meanwhile. Raises what opening raised."""
        with self._lock:
            place = self._place = self._place or self._open()
            self._users += 1
        try:
            yield place
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    place.end()
                    self._place = None

    def _open(self) -> Place[_Held]:
        opened: Future[Place[_Held]] = Future()
        threading.Thread(target=lambda: asyncio.run(self._stay_open(opened)), name="dns", daemon=True).start()
        return opened.result()

    async def _stay_open(self, opened: "Future[Place[_Held]]") -> None:
        try:
            async with self._open_held() as held:
                over = asyncio.Event()
                opened.set_result(Place(held, asyncio.get_running_loop(), over))
                await over.wait()
        except Exception as problem:
            if opened.done():
                raise
            opened.set_exception(problem)

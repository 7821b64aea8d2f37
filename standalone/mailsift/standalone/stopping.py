"""Ctrl-C, SIGTERM and SIGHUP as one exception, so that whatever is open is put away on the way out."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(BaseException):  # as KeyboardInterrupt: nobody who catches an Exception means this
    """Somebody asked this process to end."""


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Raise Stopped in the main thread at the first signal; after it, and after the block, signals change nothing.

    One that was ignored when we were started (nohup, a shell's background job) stays so.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heeded = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]

    def ignore() -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)

    def stop(_number: int, _frame: FrameType | None) -> None:
        ignore()
        raise Stopped

    for number in heeded:
        signal.signal(number, stop)
    try:
        yield
    finally:
        ignore()

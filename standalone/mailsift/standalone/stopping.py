"""Ctrl-C, SIGTERM and SIGHUP as one exception, so that whatever is open is put away on the way out."""

import signal
from types import FrameType


class Stopped(BaseException):  # as KeyboardInterrupt: nobody who catches an Exception means this
    """Somebody asked this process to end."""


def stop_on_signals() -> None:
    """Raise Stopped in the main thread at the first signal; from then on no signal disturbs the putting away."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # One that was ignored when we were started (nohup, a shell's background job) stays so.
    heeded = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in heeded:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    for number in heeded:
        signal.signal(number, stop)

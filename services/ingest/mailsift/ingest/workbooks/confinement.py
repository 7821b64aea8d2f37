"""How a process shuts itself in before it looks at what a stranger made."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def confine(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Let the kernel hold this process to its limits: what it goes beyond them for, fails or ends it."""
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    limit_cpu(cpu_seconds)


def limit_cpu(seconds: int) -> None:
    """End this process by SIGXCPU when it has worked for so long; may be lowered once it is known what there is to do.

    By SIGKILL a little later, should a library catch that. Were the two alike, it would be SIGKILL at once, as when the
    machine has run out of memory.
    """
    _limit(resource.RLIMIT_CPU, seconds, spare=5)


def keep_in_reserve(size: int) -> None:
    """Let memory run out `size` bytes before the limit, until `open_reserve`."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard - size, hard))


def open_reserve() -> None:
    """Allow what was kept in reserve."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def die_with(parent: int) -> None:
    """End when the worker that started this process is gone, even while a library computes and never comes back."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit


def _limit(which: int, value: int, spare: int = 0) -> None:
    # What the machine allows may be less already.
    hard = resource.getrlimit(which)[1]
    most = value + spare if hard == resource.RLIM_INFINITY else min(value + spare, hard)
    resource.setrlimit(which, (min(value, most), most))

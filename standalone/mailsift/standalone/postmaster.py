"""The postmaster of a data directory: whether one is alive, found by its pid file, and how it is ended."""

import contextlib
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from mailsift.standalone.errors import PostgresError

FAST_SECONDS = 60.0
IMMEDIATE_SECONDS = 30.0
PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class PidFile:
    """The lines of postmaster.pid that matter here."""

    pid: int
    ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    """Read postmaster.pid; None when there is none or it is still being written."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
        return PidFile(int(lines[0]), lines[7:8] != [] and lines[7].strip() == "ready")
    except (FileNotFoundError, IndexError, ValueError):
        return None


def living_postmaster(data: Path, run: Path) -> psutil.Process | None:
    """Find the server that the data directory's pid file names, if it really is that one.

    After a crash or a reboot the pid may belong to anybody. The command line tells: the run folder on it had a random
    name (and unlike a process's working directory, root may read it without further capabilities).
    """
    found = read_pid_file(data)
    if found is None:
        return None
    try:
        process = psutil.Process(found.pid)
        ours = process.name() == "postgres" and any(word.endswith(f"={run}") for word in process.cmdline())
    except psutil.Error:
        return None
    return process if ours else None


def end_postmaster(process: psutil.Process) -> None:
    """End a server: fast shutdown first, and an immediate one (safe, but recovery at the next start) if that hangs."""
    for how, seconds in ((signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(how)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _alive(process):
                return
            time.sleep(PAUSE_SECONDS)
    raise PostgresError(f"the PostgreSQL server with pid {process.pid} does not end")


def _alive(process: psutil.Process) -> bool:
    # A zombie is dead: in a container nobody may be there to collect it.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

"""The processes of a scenario: the services, and a worker of its own; they can be stopped in their tracks."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil

import processes
from processes import BIN, Service

_FOLDER = Path(__file__).parent
_GRACE_SECONDS = 120
COMMANDS = {
    **processes.COMMANDS,
    "chaos": [
        *(str(BIN / "dramatiq"), "worker:set_up", "--path", str(_FOLDER)),
        *("--processes", "1", "--threads", "2", "--skip-logging", "--worker-shutdown-timeout", "120000"),
    ],
    # Ingest, which also does what "chaos" does.
    "soak": [
        *(str(BIN / "dramatiq"), "chaos.soak.worker:set_up", "--path", str(_FOLDER.parent)),
        *("--processes", "1", "--threads", "2", "--skip-logging", "--worker-shutdown-timeout", "120000"),
    ],
}

# Waits until the pipe is closed, by us or by our end, and takes what is left of a service along.
_GUARD = 'read -r _; kill -s KILL -- "-$1" 2>/dev/null'


class Process(Service):
    """A service that can also be stopped in its tracks, and that does not outlive the scenario, however that ends."""

    _guard: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        self.kill()
        super().launch()
        assert self._process is not None
        command = ["/bin/sh", "-c", _GUARD, "sh", str(self._process.pid)]
        self._guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def kill(self) -> None:
        if self._process is not None:
            super().kill()
        if self._guard is not None:
            self._guard.communicate()
            self._guard = None

    def suspend(self) -> None:
        """SIGSTOP, to the whole group: as when a machine freezes."""
        self._signal_group(signal.SIGSTOP)

    def stop(self) -> int:
        """SIGTERM, and two minutes to leave; returns the exit code."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGTERM)
        try:
            return self._process.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not leave within {_GRACE_SECONDS} s\n{self.log()}") from None

    def resume(self) -> None:
        self._signal_group(signal.SIGCONT)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def megabytes(self) -> float:
        """The most memory that one of its processes has had so far."""
        assert self._process is not None
        family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        return max(processes.peak_megabytes(member.pid) for member in family)

    def counted(self, metric: str) -> float:
        """Add up a metric over its labels."""
        lines = [line.split() for line in self.metrics().splitlines() if not line.startswith("#")]
        return sum(float(value) for name, value in lines if name.partition("{")[0] == metric)

    def _signal_group(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, number)

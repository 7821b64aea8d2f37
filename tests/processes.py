"""The five services as real processes of this machine, each with its own role, port and log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

from servers import LOOPBACK, free_port

Result = TypeVar("Result")

BIN = Path(sys.executable).parent

IMAGES_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
"""What the images set, and programs behave differently without."""

# A twentieth of production's times, so that a lost worker is missed within seconds.
FAST = {
    "LEASE_SECONDS": "4.5",
    "HEARTBEAT_SECONDS": "1.5",
    "REPUBLISH_SECONDS": "6",
    "REAP_SECONDS": "0.5",
    "RETRY_BASE_SECONDS": "1",
    "RETRY_JITTER_SECONDS": "0",
}


def _dramatiq(service: str) -> list[str]:
    options = ["--processes", "1", "--threads", "2", "--skip-logging", "--worker-shutdown-timeout", "120000"]
    return [str(BIN / "dramatiq"), f"mailsift.{service}.worker:set_up", *options]


COMMANDS = {
    "api": [str(BIN / "gunicorn"), "-c", "python:mailsift.api.gunicorn_config", "mailsift.api.wsgi:application"],
    "dispatcher": [sys.executable, "-m", "mailsift.dispatcher"],
    "ingest": _dramatiq("ingest"),
    "analyzer": _dramatiq("analyzer"),
    "exporter": _dramatiq("exporter"),
}


def unmeasured() -> dict[str, str]:
    """The environment for a process of which no coverage is needed.

    It is killed before it could tell, or does what others show as well; tracing costs half of its speed.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}


class Service:
    """One service in a process group of its own."""

    def __init__(
        self, name: str, environment: Mapping[str, str], folder: Path, command: Sequence[str] | None = None
    ) -> None:
        self.name = name
        self.health_port = free_port()
        self.environment = {
            **IMAGES_ENVIRONMENT,
            **FAST,
            **environment,
            "HEALTH_HOST": LOOPBACK,
            "HEALTH_PORT": str(self.health_port),
            "WORKER_THREADS": "2",
        }
        self._command = command
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        environment = {**unmeasured(), **self.environment}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def command(self) -> Sequence[str]:
        """What becomes the service when it is launched with its environment."""
        return self._command or COMMANDS[self.name]

    def await_ready(self, until: Callable[[Service], bool] | None = None) -> None:
        until = until or Service.is_ready
        wait_for(lambda: until(self), f"{self.name} to become ready", hint=self.log)

    def is_ready(self) -> bool:
        return self.readiness() == "ok\n"

    def readiness(self) -> str:
        """What it says of itself; nothing while it does not answer yet."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} ended:\n{self.log()}"
        try:
            return httpx.get(f"http://{LOOPBACK}:{self.health_port}/readyz", trust_env=False).text
        except httpx.TransportError:
            return ""

    def metrics(self) -> str:
        return httpx.get(f"http://{LOOPBACK}:{self.health_port}/metrics", trust_env=False).text

    def kill(self) -> None:
        """SIGKILL, to the whole group: nobody gets to say goodbye."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, as Kubernetes does it; returns the exit code."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGTERM)
        return self._process.wait(timeout=60)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)
        self._process.wait(timeout=60)

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:] if self._log.exists() else ""


def peak_megabytes(pid: int) -> float:
    """The most memory that a process has held since it became what it is.

    Not what `getrusage` says: that counts the process it was forked from, which may be a large one.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


@contextmanager
def running(services: Mapping[str, Service], until: Callable[[Service], bool] = Service.is_ready) -> Iterator[None]:
    """Start services side by side, and wait until each is ready, or what is asked for instead; kill them at the end."""
    try:
        for service in services.values():
            service.launch()
        for service in services.values():
            service.await_ready(until)
        yield
    finally:
        for service in services.values():
            if service._process is not None:
                service.kill()


def wait_for(
    look: Callable[[], Result | None], what: str, seconds: float = 60, hint: Callable[[], str] = str
) -> Result:
    """Look again and again until there is something; fails by name."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}\n{hint()}"
        time.sleep(0.01)
    return found

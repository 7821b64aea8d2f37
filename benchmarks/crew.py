"""The processes of one measurement: producers, a dispatcher, workers; all of them end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.requesting import answers
from benchmarks.site import Site
from benchmarks.surroundings import ADMIN_URL, FOLDER
from benchmarks.tally import DONE, members
from processes import IMAGES_ENVIRONMENT, peak_megabytes
from servers import LOOPBACK, free_port

ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")


class Crew:
    """Starts processes for a site, and ends them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._running: list[subprocess.Popen[bytes]] = []
        # Nothing that the shell happens to hold may reach them.
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._environment = {**kept, **IMAGES_ENVIRONMENT}

    def dispatcher(self) -> subprocess.Popen[bytes]:
        """Start the dispatcher as it is deployed."""
        files = {"STORAGE_URL": (self.site.folder / "files").as_uri(), "STORAGE_SHARED": "true"}
        return self._start("dispatcher", [sys.executable, "-m", "mailsift.dispatcher"], "mailsift_dispatcher", **files)

    def workers(self, module: str, *, processes: int = 1, threads: int = 4) -> subprocess.Popen[bytes]:
        """Start worker processes and wait until they consume."""
        command = _dramatiq(f"{module}:set_up", processes, threads)
        before = members(self.site.folder, DONE)
        worker = self._start("worker", command, "mailsift_worker", WORKER_THREADS=str(threads))
        self.wait(lambda: members(self.site.folder, DONE) == before + processes, "the workers")
        return worker

    def service(self, word: str, *, threads: int = 4, **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker of mailsift as it is deployed."""
        command = _dramatiq(f"mailsift.{word}.worker:set_up", 1, threads)
        return self._start(word, command, "mailsift_worker", WORKER_THREADS=str(threads), **settings)

    def api(self) -> tuple[subprocess.Popen[bytes], int]:
        """Start the API as it is deployed; returns it and its port."""
        port = free_port()
        command = [_program("gunicorn"), "-c", "python:mailsift.api.gunicorn_config", "mailsift.api.wsgi:application"]
        process = self._start("api", command, "mailsift_api", HOST=LOOPBACK, PORT=str(port))
        self.wait(lambda: answers(port, "/openapi.json"), "the API")
        return process, port

    def bare_view(self, threads: int) -> tuple[subprocess.Popen[bytes], int]:
        """Start a bare Flask view behind a gunicorn of the same kind; returns it and its port."""
        port = free_port()
        options = ["--worker-class", "gthread", "--threads", str(threads), "--bind", f"{LOOPBACK}:{port}"]
        command = [_program("gunicorn"), *options, "--keep-alive", "75", "benchmarks.bare_view:create_app()"]
        process = self._start("bare", command, "postgres")
        self.wait(lambda: answers(port, "/"), "the bare view")
        return process, port

    def producer(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        """Start a producer."""
        command = [sys.executable, "-m", "benchmarks.producing", kind, *options]
        return self._start("producer", command, "mailsift_api")

    def wait(self, ready: Callable[[], bool], what: str, seconds: float = 120) -> None:
        """Wait until something holds; a process that ends meanwhile, or too much time, ends the measurement."""
        deadline = time.monotonic() + seconds
        while not ready():
            for process in self._running:
                if process.poll() not in {None, 0}:
                    raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{self._logs()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited {seconds} s for {what}:\n{self._logs()}")
            time.sleep(0.02)

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End one process as Kubernetes does, and wait for it."""
        process.terminate()
        process.wait(timeout=60)
        self._running.remove(process)

    def kill(self) -> None:
        """End all that still runs, with the processes it started."""
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)

    def _start(self, name: str, command: list[str], role: str, **settings: str) -> subprocess.Popen[bytes]:
        environment: Mapping[str, str] = {
            **self._environment,
            **settings,
            "DATABASE_URL": self.site.url(role),
            "RABBITMQ_URL": self.site.rabbitmq_url,
            "STORAGE_URL": f"file://{self.site.folder}/files",
            "STORAGE_SHARED": "true",
            "HEALTH_HOST": "127.0.0.1",
            "HEALTH_PORT": "0",
            ADMIN_URL: self.site.url(),
            FOLDER: str(self.site.folder),
        }
        with (self.site.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def _logs(self) -> str:
        logs = self.site.folder.glob("*.log")
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in logs)


def _dramatiq(target: str, processes: int, threads: int) -> list[str]:
    numbers = ["--processes", str(processes), "--threads", str(threads)]
    return [_program("dramatiq"), target, *numbers, "--skip-logging", "--worker-shutdown-timeout", "30000"]


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def memory(worker: subprocess.Popen[bytes]) -> list[float]:
    """Return the megabytes that each process below Dramatiq's command holds."""
    return [round(child.memory_info().rss / 2**20, 1) for child in psutil.Process(worker.pid).children()]


def peak_memory(parent: int) -> float:
    """Return the most megabytes that the largest process below this one, such as Dramatiq's command, ever held."""
    return round(max(peak_megabytes(child.pid) for child in psutil.Process(parent).children()), 1)


@contextmanager
def crew(site: Site) -> Iterator[Crew]:
    """Yield a crew whose processes end with the block."""
    hands = Crew(site)
    try:
        yield hands
    finally:
        hands.kill()

"""Every service in this process: the workers' actors on one in-process broker, the dispatcher, and the API."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import dramatiq
from werkzeug.serving import WSGIRequestHandler, make_server

from mailsift.analyzer import actors as analyzer_actors
from mailsift.analyzer import worker as analyzer
from mailsift.api.app import create_app
from mailsift.api.deps import wire
from mailsift.dispatcher.dispatcher import Dispatcher
from mailsift.dispatcher.publisher import InProcessPublisher
from mailsift.exporter import actors as exporter_actors
from mailsift.exporter import worker as exporter
from mailsift.ingest import actors as ingest_actors
from mailsift.ingest import worker as ingest
from mailsift.shared.broker import in_process_broker
from mailsift.shared.jobs.worker import JobWorker
from mailsift.standalone.errors import PortTakenError
from mailsift.standalone.settings import AllSettings

ADDRESS = "127.0.0.1"
_WAKE_MILLISECONDS = 200
# A statement over a whole list may take longer to come back; the database ends it when it stops, and the job goes on
# at the next start.
_STOP_MILLISECONDS = 5_000


@contextmanager
def all_services(settings: AllSettings, known_as: str | None, port: int) -> Iterator[int]:
    """Run all services for as long as the context lasts; yields the port of the API, which is `port` unless that is 0.

    The caller is the only one who runs jobs in this database, and has taken over what the dead left.
    """
    with ExitStack() as stack:
        listening = stack.enter_context(_listening(port))
        stops: list[Callable[[], None]] = []
        stack.callback(_all_at_once, stops)
        broker = in_process_broker()
        stops.append(_start_workers(settings, broker, known_as))
        dispatcher = Dispatcher(settings.dispatcher, InProcessPublisher(broker))
        dispatcher.start()
        stops.append(dispatcher.stop)
        stops.append(_start_api(settings, listening))
        yield int(listening.getsockname()[1])


def _start_workers(settings: AllSettings, broker: dramatiq.Broker, known_as: str | None) -> Callable[[], None]:
    jobs = JobWorker(settings.ingest, "standalone", serve_health=False)
    broker.add_middleware(jobs.life)
    analyzer_deps = analyzer.make_deps(settings.analyzer)
    if known_as is not None:
        analyzer_deps = replace(analyzer_deps, resolver=known_as)
    ingest_actors.declare_actors(broker, jobs.runner, ingest.make_deps(settings.ingest))
    analyzer_actors.declare_actors(broker, jobs.runner, analyzer_deps)
    exporter_actors.declare_actors(broker, jobs.runner, exporter.make_deps(settings.exporter))
    worker = dramatiq.Worker(broker, worker_threads=settings.ingest.worker_threads, worker_timeout=_WAKE_MILLISECONDS)
    worker.start()
    return lambda: worker.stop(_STOP_MILLISECONDS)


class _QuietHandler(WSGIRequestHandler):
    """The application writes down its requests itself."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


def _start_api(settings: AllSettings, listening: socket.socket) -> Callable[[], None]:
    deps = wire(settings.api)
    port = int(listening.getsockname()[1])
    server = make_server(
        ADDRESS, port, create_app(deps), threaded=True, request_handler=_QuietHandler, fd=listening.fileno()
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="api", daemon=True)
    thread.start()

    def stop() -> None:
        deps.watcher.close_watches()
        server.shutdown()
        server.server_close()
        thread.join()
        deps.close()

    return stop


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    try:
        listening = socket.create_server((ADDRESS, port))
    except OSError as error:
        raise PortTakenError(f"port {port} of {ADDRESS} cannot be used ({error.strerror}): choose another") from error
    with listening:
        yield listening


def _all_at_once(stops: list[Callable[[], None]]) -> None:
    """Stop everything together: each waits up to a second for a thread of its own."""
    if not stops:
        return
    with ThreadPoolExecutor(len(stops)) as pool:
        for stopped in [pool.submit(stop) for stop in stops]:
            stopped.result()

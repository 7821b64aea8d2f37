"""Gunicorn's configuration: one process of many threads, health on a port of its own, streams that end at shutdown.

Gunicorn reads the names of this module, so it is the one module that reads the environment when it is loaded.
"""

from __future__ import annotations

import logging
import os
import signal
from types import FrameType
from typing import Any

from mailsift.api import wsgi
from mailsift.api.config import REQUEST_THREADS, ApiSettings
from mailsift.api.health import DatabaseProbe
from mailsift.shared.observability.health import HealthServer
from mailsift.shared.observability.logs import configure_logs
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.observability.tracing import configure_tracing, stop_tracing
from mailsift.shared.settings import load_or_exit

_settings = load_or_exit(ApiSettings)

worker_class = "mailsift.api.patience.PatientWorker"  # gthread, but for slow clients
workers = 1  # metrics and the LISTEN connection are one per process; replicas scale
threads = _settings.max_streams + _settings.max_uploads + REQUEST_THREADS
bind = f"{_settings.host}:{_settings.port}"
# Between a proxy's idle timeout and ours the proxy must close first.
keepalive = 75
graceful_timeout = 30
timeout = 60
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - a heartbeat file must not wait for a disk
accesslog = None  # every request has a structured line of its own
limit_request_line = 8190
control_socket_disable = True  # it would want a home directory to write to, which an image has not


def on_starting(server: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Send gunicorn's own words the way of all others."""
    configure_logs("api", _settings.log_level)
    for name in ("gunicorn.error", "gunicorn.access"):
        log = logging.getLogger(name)
        log.handlers[:] = []
        log.propagate = True


def pre_request(worker: Any, request: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Bound the silence in the body of a request and in the reading of its answer."""
    request.unreader.sock.settimeout(_settings.body_seconds)


def post_worker_init(worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Serve health beside the application, and let streams go at SIGTERM, before gunicorn waits for its threads."""
    configure_tracing("api", _settings)
    parts = wsgi.deps_of(wsgi.application)
    probe = DatabaseProbe(parts.engine)
    server = HealthServer(
        _settings.health_host, _settings.health_port, REGISTRY, live=lambda: True, fault=lambda: probe.fault
    )
    probe.start()
    server.start()
    gunicorns = signal.getsignal(signal.SIGTERM)

    def drain(number: int, frame: FrameType | None) -> None:
        probe.stop()
        parts.watcher.close_watches()
        if callable(gunicorns):
            gunicorns(number, frame)

    signal.signal(signal.SIGTERM, drain)


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """Hand over the spans of the last requests."""
    stop_tracing()

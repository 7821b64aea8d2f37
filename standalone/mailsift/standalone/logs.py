"""Sends the logs of all services to files in the home: the terminal is the user's."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler

from mailsift.shared.observability.logs import configure_logs
from mailsift.standalone.home import Home

_BYTES = 10_000_000
_FILES = 3


def log_to_home(home: Home) -> None:
    """Send the logs of this process to the home's folder of logs, which only its owner may enter."""
    home.logs.mkdir(mode=0o700, exist_ok=True)
    configure_logs("standalone")
    root = logging.getLogger()
    file = RotatingFileHandler(
        home.logs / "mailsift.log", maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8", delay=True
    )
    file.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [file]
    # Our own client asks several times a second how a job stands.
    logging.getLogger("httpx").setLevel(logging.WARNING)

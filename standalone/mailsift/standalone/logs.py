"""Sends the logs of all services to files in the home: the terminal is the user's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from mailsift.shared.observability.logs import configure_logs
from mailsift.standalone.errors import StandaloneError
from mailsift.standalone.home import Home

_BYTES = 10_000_000
_FILES = 3
# What the API and the jobs call a failure that nobody foresaw.
_UNFORESEEN = "internal_error"


def log_to_home(home: Home) -> None:
    """Send the logs of this process to the home's folder of logs, which only its owner may enter."""
    home.logs.mkdir(mode=0o700, exist_ok=True)
    configure_logs("standalone")
    root = logging.getLogger()
    file = RotatingFileHandler(_log_file(home), maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8", delay=True)
    file.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [file]
    # Our own client asks several times a second how a job stands.
    logging.getLogger("httpx").setLevel(logging.WARNING)


@contextmanager
def naming_the_log(home: Home, logged: type[Exception] = Exception) -> Iterator[None]:
    """Note on a failure that nobody foresaw which file says more about it, if it is one that is logged."""
    try:
        yield
    except logged as error:
        if not isinstance(error, StandaloneError) or error.code == _UNFORESEEN:
            error.add_note(f"{_log_file(home)} says more")
        raise


def _log_file(home: Home) -> Path:
    return home.logs / "mailsift.log"

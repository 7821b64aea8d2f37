"""Finds an API for a command: a deployment's, that of the process that holds the home, or one started for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from mailsift.standalone.asking import Asking
from mailsift.standalone.client import Client
from mailsift.standalone.errors import NameserverTakenError, PostgresError, ServerGoneError, StandaloneError
from mailsift.standalone.home import Home, ServerRecord
from mailsift.standalone.logs import naming_the_log
from mailsift.standalone.progress import FULL, Shown

Done = TypeVar("Done")

_PAUSE_SECONDS = 0.2
# A process that ends takes its API down first and its database last.
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where a mailsift runs for many, and a key for it."""

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class Own:
    """The mailsift of a home, and what to start it with when it does not run."""

    home: Home
    asking: Asking
    environment: Mapping[str, str]
    any_nameserver: bool = False
    """Whether a running one will do whichever nameservers it asks."""


def with_client(target: Deployment | Own, shown: Shown, work: Callable[[Client], Done]) -> Done:
    """Do work that may be begun again with a client; go on here when the process that served it ends on the way."""
    if isinstance(target, Deployment):
        with Client(target.url, target.key, patience_seconds=_PATIENCE_SECONDS) as client:
            return work(client)
    silent_since: dict[ServerRecord, float] = {}
    while True:
        with target.home.held_or_found() as running:
            if running is None:
                with _started(target, shown) as client:
                    return work(client)
            try:
                with _joined(target, running) as client:
                    return work(client)
            except ServerGoneError:
                if time.monotonic() - silent_since.setdefault(running, time.monotonic()) > _PATIENCE_SECONDS:
                    raise
        time.sleep(_PAUSE_SECONDS)


@contextmanager
def _started(target: Own, shown: Shown) -> Iterator[Client]:
    shown.show("starting", 0)
    from mailsift.standalone.launcher import launched

    with (
        launched(target.home, target.asking, target.environment) as everything,
        Client(
            everything.record.url, everything.record.key, on_loopback=True, patience_seconds=_PATIENCE_SECONDS
        ) as client,
    ):
        shown.show("starting", FULL)
        try:
            yield client
        except ServerGoneError as error:
            raise PostgresError(
                f"the database has ended of itself ({error}), and its log in {target.home.postgres} says why: the same "
                "command goes on from here"
            ) from error


@contextmanager
def _joined(target: Own, running: ServerRecord) -> Iterator[Client]:
    wanted = target.asking.nameservers
    if wanted and not target.any_nameserver and wanted != running.nameservers:
        theirs = ", ".join(running.nameservers) or "the machine's nameservers"
        raise NameserverTakenError(
            f"the mailsift that runs already (pid {running.pid}) asks {theirs}: stop it, or leave --nameserver out"
        )
    with (
        # What breaks in this process is not in the other's log.
        naming_the_log(target.home, StandaloneError),
        Client(running.url, running.key, on_loopback=True) as client,
    ):
        yield client

"""The data directory: where it is, who holds it, and how a second command finds the process that does."""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import platformdirs

from mailsift.standalone.errors import HomeError, HomeInUseError

VARIABLE = "MAILSIFT_HOME"
# A starting process has its lock some seconds before its record, and much longer when the database must recover.
PATIENCE_SECONDS = 300.0
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """Where the process that holds a home serves its API, a key for it, and which nameservers it asks."""

    pid: int
    port: int
    key: str
    nameservers: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Home:
    """A data directory and what lives in it."""

    folder: Path

    @property
    def postgres(self) -> Path:
        """The embedded database and its logs."""
        return self.folder / "postgres"

    @property
    def objects(self) -> Path:
        """Uploaded and exported files."""
        return self.folder / "objects"

    @property
    def logs(self) -> Path:
        """What the services write down about their work."""
        return self.folder / "logs"

    @property
    def lists(self) -> Path:
        """Lists of domains of the user's own, one file for each kind."""
        return self.folder / "lists"

    @property
    def runs(self) -> Path:
        """What is known of runs that have not come to their end."""
        return self.folder / "runs"

    @property
    def demo(self) -> "Home":
        """The home of the demonstration, whose invented facts never meet real ones."""
        return Home(self.folder / "demo")

    @contextmanager
    def held_or_found(self, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[ServerRecord | None]:
        """Hold the home and yield None, or yield the record of the process that holds it already.

        The kernel lets the lock go when its process ends, however it ends. Raises HomeInUseError when the holder does
        not say where it serves.
        """
        found = self._lock_or_record(patience_seconds)
        if isinstance(found, ServerRecord):
            yield found
            return
        with found:
            self._record_file.unlink(missing_ok=True)
            try:
                yield None
            finally:
                self._record_file.unlink(missing_ok=True)

    def publish(self, record: ServerRecord) -> None:
        """Tell other commands of this account where the API is; only while the home is held."""
        write_private(self._record_file, asdict(record)).replace(self._record_file)

    def asked(self) -> tuple[str, ...] | None:
        """Which nameservers unfinished work was begun with; None when that is not known."""
        try:
            stored = json.loads(self._asked_file.read_text())
            return tuple(map(str, stored["nameservers"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def note_asked(self, nameservers: tuple[str, ...]) -> None:
        """Remember which nameservers are asked from now on."""
        write_private(self._asked_file, {"nameservers": nameservers}).replace(self._asked_file)

    @property
    def _asked_file(self) -> Path:
        return self.folder / "asked.json"

    @property
    def _lock_file(self) -> Path:
        return self.folder / "lock"

    @property
    def _record_file(self) -> Path:
        return self.folder / "server.json"

    def _lock_or_record(self, patience_seconds: float) -> IO[str] | ServerRecord:
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            found = self._lock() or self._record()
            if found is not None:
                return found
            time.sleep(PAUSE_SECONDS)
        raise HomeInUseError(f"another mailsift is using {self.folder} and does not say where it serves")

    def _lock(self) -> IO[str] | None:
        try:
            # What is in it is closed; the way through is open, as root, for the account PostgreSQL runs under.
            self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            self.objects.mkdir(mode=0o700, exist_ok=True)
            # Whoever may read it may hold its lock.
            self._lock_file.touch(mode=0o600)
            lock = self._lock_file.open("a")
        except OSError as error:
            raise HomeError(
                f"the data directory {self.folder} cannot be used ({error.strerror}): set {VARIABLE} to one of your own"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        return lock

    def _record(self) -> ServerRecord | None:
        try:
            found = json.loads(self._record_file.read_text())
            return ServerRecord(int(found["pid"]), int(found["port"]), str(found["key"]), tuple(found["nameservers"]))
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            return None


def find_home(given: Path | None, environment: Mapping[str, str]) -> Home:
    """Find the home: the one given, else that of MAILSIFT_HOME, else the usual place of the account's data."""
    named = given or environment.get(VARIABLE)
    return Home(Path(named).expanduser().absolute() if named else Path(platformdirs.user_data_dir("mailsift")))


def write_private(path: Path, value: Mapping[str, object]) -> Path:
    """Write JSON beside the path for its owner alone; whole as it is then, the caller puts it in its place."""
    unfinished = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, default=str)
    return unfinished

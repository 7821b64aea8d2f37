"""The embedded PostgreSQL while we run: started, reached by a Unix socket only, and stopped with us."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from mailsift.standalone.account import Account, account_for
from mailsift.standalone.cluster import DATABASE, SUPERUSER, explained, major_of, make_cluster
from mailsift.standalone.errors import PostgresError
from mailsift.standalone.postmaster import PAUSE_SECONDS, end_postmaster, living_postmaster, read_pid_file
from mailsift.standalone.programs import Programs, copied_for, find_programs

# sockaddr_un holds 108 bytes on Linux and 104 elsewhere, with the name of the socket and a final zero.
LONGEST_SOCKET_FOLDER = 104 - len("/.s.PGSQL.5432") - 1
RUN_PREFIX = "mailsift-"
RUN_POINTER = "run"
# Recovery after a crash replays at most max_wal_size; this is generous for a slow disk.
START_SECONDS = 300.0

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "synchronous_commit": "on",
    # Parallel workers would multiply memory, and a container gives them 64 MB to share.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A database that may be run by one process with everything in it says so; any other is refused.
    "mailsift.standalone": "true",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    process: "subprocess.Popen[bytes]"
    socket_folder: Path

    @property
    def pid(self) -> int:
        """The postmaster's."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def url(self, role: str = SUPERUSER) -> str:
        """Return the address of the database, for SQLAlchemy."""
        folder = quote(str(self.socket_folder), safe="")
        return f"postgresql+psycopg2://{role}@/{DATABASE}?host={folder}&port={SETTINGS['port']}"


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """Run the server whose data lives below the folder, for as long as the context lasts.

    The caller holds the lock of the home that the folder is part of: nobody else starts or ends this server.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    data = folder / "data"
    account = account_for(data)
    _clear_up(data)
    run = _make_run_folder(folder / RUN_POINTER, account)
    try:
        programs = copied_for(account, find_programs(major_of(data)), run)
        # Not sooner: in a folder of its own the account could put a link where we, as root, are about to write.
        account.own(run)
        if not data.exists():
            make_cluster(programs, account, data)
        with _launched(programs, account, data, run) as process:
            yield Postgres(process, run)
    finally:
        shutil.rmtree(run, ignore_errors=True)
        (folder / RUN_POINTER).unlink(missing_ok=True)


def _clear_up(data: Path) -> None:
    """Put away what a killed predecessor left: its server, with whatever the clients were doing, and its run folder."""
    pointer = data.with_name(RUN_POINTER)
    if pointer.is_symlink():
        run = pointer.readlink()
        orphan = living_postmaster(data, run)
        if orphan is not None:
            end_postmaster(orphan)
        shutil.rmtree(run, ignore_errors=True)
        pointer.unlink()
    # Left by a crash, its pid may be another program's by now, and PostgreSQL would take that for a server.
    (data / "postmaster.pid").unlink(missing_ok=True)


def _make_run_folder(pointer: Path, account: Account) -> Path:
    """Make the folder of the socket and of copied programs, private to us and short enough for a socket.

    It is a temporary one, because as root the home need not be open to the account; the pointer in the home keeps
    its name.
    """
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - TMPDIR can be long or closed; mkdtemp is private
        if len(os.fsencode(parent)) + len(RUN_PREFIX) + 10 < LONGEST_SOCKET_FOLDER and account.can_enter(Path(parent)):
            run = Path(tempfile.mkdtemp(prefix=RUN_PREFIX, dir=parent))
            pointer.symlink_to(run)
            return run
    raise PostgresError(
        f"TMPDIR ({tempfile.gettempdir()}) is too long or too closed for PostgreSQL's socket: set another"
    )


@contextmanager
def _launched(programs: Programs, account: Account, data: Path, run: Path) -> Iterator["subprocess.Popen[bytes]"]:
    log_path = data.with_name("server.log")
    if log_path.exists():
        log_path.replace(data.with_name("server.log.1"))
    log_path.touch(mode=0o600)
    settings = SETTINGS | {"unix_socket_directories": str(run)}
    arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with account.name_for(data) as (name, descriptors), log_path.open("wb") as log:
        process = account.spawn([str(programs.postgres), "-D", name, *arguments], log, descriptors)
    try:
        _wait_until_ready(process, data, log_path)
        yield process
    finally:
        if process.poll() is None:
            end_postmaster(psutil.Process(process.pid))
        process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", data: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise PostgresError(explained("PostgreSQL does not start", log))
        found = read_pid_file(data)
        if found is not None and found.pid == process.pid and found.ready:
            return
        time.sleep(PAUSE_SECONDS)
    raise PostgresError(explained(f"PostgreSQL was not ready after {START_SECONDS:.0f} s", log))

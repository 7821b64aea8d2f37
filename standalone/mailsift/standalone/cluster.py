"""Makes the data directory of the embedded PostgreSQL, with the one database in it."""

import shutil
import subprocess
import sys
from pathlib import Path

from mailsift.standalone.account import Account
from mailsift.standalone.errors import PostgresError
from mailsift.standalone.programs import Programs

SUPERUSER = "postgres"
DATABASE = "mailsift"


def major_of(data: Path) -> int | None:
    """Which major version of PostgreSQL made the data; None when there is none yet."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def make_cluster(programs: Programs, account: Account, data: Path) -> None:
    """Make the data directory; it gets its name when it is whole, so that a kill on the way leaves nothing half."""
    unfinished = data.with_name("data.unfinished")
    log_path = data.with_name("initdb.log")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    account.own(unfinished)
    log_path.touch(mode=0o600)
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    options = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", f"--locale={locale}", "--no-instructions"]
    # The single-user mode creates the database without a connection, and so before anybody can see the directory.
    single = ["--single", "-c", "exit_on_error=on"]
    with account.name_for(unfinished) as (name, descriptors), log_path.open("wb") as log:
        initdb = account.spawn([str(programs.initdb), "-D", name, *options], log, descriptors)
        if initdb.wait() != 0:
            raise PostgresError(explained("PostgreSQL's data directory cannot be made", log_path))
        postgres = account.spawn(
            [str(programs.postgres), *single, "-D", name, SUPERUSER], log, descriptors, subprocess.PIPE
        )
        postgres.communicate(f"CREATE DATABASE {DATABASE};\n".encode())
        if postgres.returncode != 0:
            raise PostgresError(explained("PostgreSQL's database cannot be made", log_path))
    unfinished.rename(data)


def explained(message: str, log: Path) -> str:
    """Add the reason PostgreSQL gave in its log."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL:" in line or "error:" in line]
    reason = (telling[-1:] or lines[:1] or ["no reason given"])[0]
    return f"{message}: {reason} (see {log})"

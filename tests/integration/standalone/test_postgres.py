from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from mailsift.standalone import postgres
from mailsift.standalone.account import Account, account_for
from mailsift.standalone.errors import PostgresError
from mailsift.standalone.postgres import Postgres, running
from mailsift.standalone.programs import Programs, copied_for, find_programs

RUN_UNTIL_KILLED = """
import signal, sys, time
from pathlib import Path
from mailsift.standalone.postgres import running
# A shell starts what it puts into the background with Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
with running(Path(sys.argv[1])) as server:
    print(server.pid, server.socket_folder, flush=True)
    time.sleep(60)
"""


def ask(server: Postgres, statement: str) -> object:
    engine = create_engine(server.url(), poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


@contextmanager
def another_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """A process of its own session, as a terminal starts one, that runs the server."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN_UNTIL_KILLED, str(folder)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pid, run = process.stdout.readline().split()
        try:
            yield process, int(pid), Path(run)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that has been used once and stopped."""
    folder = tmp_path_factory.mktemp("made") / "postgres"
    with running(folder) as server:
        ask(server, "CREATE TABLE kept AS SELECT 'é' AS word")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test to ill-treat."""
    copy = tmp_path / "postgres"
    shutil.copytree(made, copy)
    for path in (copy / "data", *(copy / "data").rglob("*")):
        account_for(made / "data").own(path)
    return copy


def test_what_was_written_is_there_at_the_next_start(folder: Path) -> None:
    with running(folder) as server:
        assert ask(server, "SELECT word FROM kept") == "é"
        assert ask(server, "SELECT upper(word) FROM kept") == "É"


def test_the_database_says_that_it_is_a_standalone_one(folder: Path) -> None:
    with running(folder) as server:
        assert ask(server, "SELECT current_setting('mailsift.standalone', true)") == "true"


def test_the_server_listens_on_no_network_and_lets_nobody_else_in(folder: Path) -> None:
    with running(folder) as server:
        assert psutil.Process(server.pid).net_connections("inet") == []
        assert server.socket_folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "data").stat().st_mode & 0o777 == 0o700
        assert (folder / "server.log").stat().st_mode & 0o777 == 0o600


def test_the_server_does_not_run_as_root(folder: Path) -> None:
    with running(folder) as server:
        assert psutil.Process(server.pid).uids().real != 0


def test_a_stopped_server_leaves_neither_process_nor_temporary_folder(folder: Path) -> None:
    with running(folder) as server:
        assert psutil.pid_exists(server.pid)
    assert not psutil.pid_exists(server.pid)
    assert not server.socket_folder.exists()
    assert not (folder / "run").is_symlink()


def test_a_server_whose_owner_was_killed_is_ended_and_the_data_served_anew(folder: Path) -> None:
    with another_process(folder) as (owner, orphan, run):
        owner.kill()
        owner.wait()
        assert psutil.pid_exists(orphan)
        with running(folder) as server:
            assert server.pid != orphan
            assert ask(server, "SELECT word FROM kept") == "é"
        assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE
        assert not run.exists()


def test_a_server_killed_with_its_owner_recovers_what_was_committed(folder: Path) -> None:
    with running(folder) as server:
        ask(server, "INSERT INTO kept VALUES ('committed')")
        psutil.Process(server.pid).kill()
    with running(folder) as server:
        assert ask(server, "SELECT count(*) FROM kept") == 2


def test_ctrl_c_in_the_terminal_reaches_the_owner_and_not_the_server(folder: Path) -> None:
    with another_process(folder) as (owner, pid, _run):
        assert os.getpgid(pid) != os.getpgid(owner.pid)
        os.killpg(owner.pid, signal.SIGINT)
        owner.wait(30)
        assert not psutil.pid_exists(pid)


def test_a_pid_file_that_names_a_stranger_is_not_believed(folder: Path) -> None:
    with another_process(folder) as (owner, orphan, _run):
        pid_file = (folder / "data" / "postmaster.pid").read_text()
        psutil.Process(orphan).terminate()
        owner.kill()
        owner.wait()
    psutil.wait_procs([psutil.Process(pid) for pid in [orphan] if psutil.pid_exists(pid)], timeout=30)
    lines = pid_file.splitlines()
    (folder / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    with running(folder) as server:
        assert ask(server, "SELECT word FROM kept") == "é"


def test_a_kill_while_the_data_is_made_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    (tmp_path / "data.unfinished").mkdir()
    (tmp_path / "data.unfinished" / "PG_VERSION").write_text("18")
    with running(tmp_path) as server:
        assert ask(server, "SELECT current_database()") == "mailsift"
    assert not (tmp_path / "data.unfinished").exists()


def test_a_data_directory_it_cannot_read_is_explained_with_postgresqls_own_words(folder: Path) -> None:
    (folder / "data" / "global" / "pg_control").unlink()
    told = r"does not start: .*could not find the database system.*server\.log"
    with pytest.raises(PostgresError, match=told), running(folder):
        pass


def test_a_temporary_folder_too_long_for_a_socket_is_not_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with running(folder) as server:
        assert not server.socket_folder.is_relative_to(long)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is ever somebody else")
class TestAsRoot:
    def test_a_closed_home_stays_closed(self, folder: Path) -> None:
        folder.parent.chmod(0o700)
        with running(folder) as server:
            assert ask(server, "SELECT word FROM kept") == "é"
        assert folder.parent.stat().st_mode & 0o777 == 0o700

    def test_programs_are_copied_into_a_folder_that_is_not_the_accounts_yet(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        owners = []

        def copied(account: Account, programs: Programs, run: Path) -> Programs:
            owners.append(run.stat().st_uid)
            return copied_for(account, programs, run)

        monkeypatch.setattr(postgres, "copied_for", copied)
        with running(folder) as server:
            assert owners == [0]
            assert server.socket_folder.stat().st_uid != 0

    def test_programs_that_the_account_cannot_reach_run_from_a_copy(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = find_programs(18)
        closed = tmp_path / "closed"
        installation = shutil.copytree(found.installation, closed / "package" / "pginstall18")
        assert found.libraries is not None
        libraries = shutil.copytree(found.libraries, closed / found.libraries.name)
        closed.chmod(0o700)
        everything = Programs(18, installation, libraries)
        monkeypatch.setattr("mailsift.standalone.postgres.find_programs", lambda _major: everything)
        with running(folder) as server:
            assert Path(psutil.Process(server.pid).exe()).is_relative_to(server.socket_folder)
            assert ask(server, "SELECT word FROM kept") == "é"

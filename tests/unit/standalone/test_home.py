from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mailsift.standalone.errors import HomeError, HomeInUseError
from mailsift.standalone.home import Home, ServerRecord, find_home

RECORD = ServerRecord(pid=1, port=8000, key="secret")
HOLD_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from mailsift.standalone.home import Home, ServerRecord
home = Home(Path(sys.argv[1]))
with home.held_or_found():
    home.publish(ServerRecord(1, 8000, "secret"))
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_home_given_wins_over_the_environment_and_that_over_the_usual_place(tmp_path: Path) -> None:
    environment = {"MAILSIFT_HOME": str(tmp_path / "environment")}
    assert find_home(tmp_path / "given", environment).folder == tmp_path / "given"
    assert find_home(None, environment).folder == tmp_path / "environment"
    assert find_home(None, {}).folder.name == "mailsift"


def test_the_first_command_holds_the_home_and_the_second_finds_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with home.held_or_found() as first:
        assert first is None
        home.publish(RECORD)
        with home.held_or_found() as second:
            assert second == RECORD
        with home.held_or_found() as third:
            assert third == RECORD
    with home.held_or_found() as next_one:
        assert next_one is None


def test_a_holder_that_never_says_where_it_serves_is_an_error(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.held_or_found(), pytest.raises(HomeInUseError, match="does not say"), home.held_or_found(0.1):
        pass


def test_no_other_account_can_hold_the_lock(tmp_path: Path) -> None:
    with Home(tmp_path).held_or_found():
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


def test_the_record_holds_a_key_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.held_or_found():
        home.publish(RECORD)
        assert stat.S_IMODE((tmp_path / "server.json").stat().st_mode) == 0o600
    assert not (tmp_path / "server.json").exists()


def test_a_killed_holder_leaves_the_home_free_and_its_record_counts_for_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD_UNTIL_KILLED, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with Home(tmp_path).held_or_found() as found:
            assert found is not None
        holder.kill()
    assert (tmp_path / "server.json").exists()
    with Home(tmp_path).held_or_found() as found:
        assert found is None
        assert not (tmp_path / "server.json").exists()


def test_a_home_that_is_a_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="MAILSIFT_HOME"), Home(tmp_path / "file").held_or_found():
        pass


def test_the_demonstration_has_a_home_of_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.held_or_found() as mine, home.demo.held_or_found() as demo:
        assert mine is None
        assert demo is None
    assert home.demo.postgres != home.postgres

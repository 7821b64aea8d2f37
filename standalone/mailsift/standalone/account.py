"""The account PostgreSQL runs under (our own, or an unprivileged one when we are root) and what it can reach."""

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mailsift.standalone.errors import PostgresError

# PostgreSQL refuses to run as root, and as an account without an entry in the password database.
UNPRIVILEGED = ("nobody", "daemon", "postgres")


@dataclass(frozen=True, slots=True)
class Account:
    """Who a child process becomes, in the words of subprocess; all None leaves it as it is."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None

    def can_enter(self, folder: Path) -> bool:
        """Whether every folder from the root down to this one lets the account pass."""
        resolved = folder.resolve()
        return all(self._may(each, stat.S_IXUSR) for each in (resolved, *resolved.parents))

    def can_run(self, program: Path) -> bool:
        """Whether the account can reach, read and run the program."""
        return self.can_enter(program.parent) and self._may(program, stat.S_IRUSR | stat.S_IXUSR)

    def own(self, path: Path) -> None:
        """Give the path to the account."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    @contextmanager
    def name_for(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name a folder of the account so that it can open it, with the descriptors to hand down for that.

        As root, folders above it (/root, mktemp -d) are often closed to everybody else, and opening them is not ours
        to do. An open descriptor leads past them.
        """
        if self.can_enter(folder):
            yield str(folder.resolve()), ()
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)

    def spawn(
        self,
        command: list[str],
        log: IO[bytes],
        descriptors: tuple[int, ...] = (),
        stdin: int = subprocess.DEVNULL,
    ) -> "subprocess.Popen[bytes]":
        """Start a program as the account, apart from our terminal and our environment."""
        try:
            return subprocess.Popen(  # noqa: S603 - PostgreSQL's programs only, no shell
                command,
                user=self.user,
                group=self.group,
                extra_groups=self.extra_groups,
                pass_fds=descriptors,
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                umask=0o077,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                # A Ctrl-C in the terminal is for us, who stop the server when our own work is put away.
                start_new_session=True,
            )
        except OSError as error:
            raise PostgresError(f"PostgreSQL cannot be run: {error}") from error

    def _may(self, path: Path, owner_bits: int) -> bool:
        if self.user is None:
            return True
        found = path.stat()
        shift = 0 if found.st_uid == self.user else 3 if found.st_gid == self.group else 6
        wanted = owner_bits >> shift
        return found.st_mode & wanted == wanted


def account_for(data: Path) -> Account:
    """Choose the account: ourselves, or as root whoever owns the data already, or an unprivileged one.

    Raises PostgresError when the data belongs to somebody else.
    """
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise PostgresError(
                f"{data} belongs to another account (root has started mailsift here?): "
                "run as root again, or set MAILSIFT_HOME to a folder of your own"
            )
        return Account()
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, ())
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, ())
    raise PostgresError(f"PostgreSQL does not run as root, and no account {' or '.join(UNPRIVILEGED)} exists here")

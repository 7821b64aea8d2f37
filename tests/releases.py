"""The release before the newest migration, checked out of the history beside this one, and how its processes start."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployment import ROOT

VERSIONS = "shared/mailsift/shared/db/migrations/versions"
_PACKAGES = ("shared", *(f"services/{word}" for word in ("api", "dispatcher", "ingest", "analyzer", "exporter")))


@dataclass(frozen=True, slots=True)
class Release:
    """The code of a commit, run on the libraries of this one."""

    tree: Path

    def command(self, command: Sequence[str]) -> list[str]:
        """Return `command` as it finds the packages of this release, before those that are installed."""
        path = ":".join(str(self.tree / package) for package in _PACKAGES)
        # What is measured of it would be counted as code that is nowhere.
        unmeasured = ("-u", "COVERAGE_PROCESS_START", "-u", "COVERAGE_PROCESS_CONFIG")
        return ["env", *unmeasured, f"PYTHONPATH={path}", *command]


@contextmanager
def earlier_release(folder: Path) -> Iterator[Release]:
    """Check out below `folder` the commit before the one that added the newest migration."""
    tree = folder / "earlier"
    _git("worktree", "add", "--quiet", "--detach", str(tree), _commit_before_the_newest_migration())
    try:
        yield Release(tree)
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _commit_before_the_newest_migration() -> str:
    newest = max((ROOT / VERSIONS).glob("[0-9]*.py")).relative_to(ROOT).as_posix()
    added = _git("log", "-1", "--diff-filter=A", "--format=%H", "--", newest)
    if not added:
        return "HEAD"  # where it is not committed yet
    before = _git("log", "-1", "--format=%P", added).split()
    assert before, f"history does not go back to before {newest} was added: run `git fetch --unshallow`"
    return before[0]


def _git(*arguments: str) -> str:
    # Whoever runs the tests need not own the clone, and its hooks are none of their business.
    options = ("-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null")
    done = subprocess.run(["git", *options, *arguments], cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()

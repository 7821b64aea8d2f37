"""The operator's own lists: read from a folder, and again whenever a file in it has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from mailsift.analyzer.reference.files import parse_list, read_domain, read_local_part
from mailsift.analyzer.reference.lists import OF_LOCAL_PARTS, ListKind, Lists, NameList, packaged_lists

MAX_BYTES: Final = 32 * 1024 * 1024

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Which bytes a file held when it was looked at; a replaced file is another one, also within a second."""

    inode: int
    size: int
    modified: int


class ListStore:
    """The lists as they are now. One object serves all threads of a process.

    In the folder each kind of list has a file named after it: `disposable.txt`, `role.txt`. A file that cannot be read
    leaves what it said before in force.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._paths = {} if folder is None else _paths(folder)
        self._lock = threading.Lock()
        self._stamps: dict[ListKind, _Stamp | None] = {}
        self._read: dict[ListKind, NameList] = {}
        self._lists: Lists | None = None

    def current(self) -> Lists:
        """The packaged lists and the operator's, which are looked at first."""
        with self._lock:
            changed = [kind for kind, path in self._paths.items() if self._has_changed(kind, path)]
            for kind in changed:
                self._read_again(kind)
            if changed or self._lists is None:
                self._lists = packaged_lists().with_first(self._read.values())
            return self._lists

    def _has_changed(self, kind: ListKind, path: Path) -> bool:
        stamp = _stamp(path)
        if stamp == self._stamps.get(kind):
            return False
        self._stamps[kind] = stamp
        return True

    def _read_again(self, kind: ListKind) -> None:
        path = self._paths[kind]
        if self._stamps[kind] is None:
            self._read.pop(kind, None)
            return
        try:
            listed = self._read[kind] = read_file(kind, path)
        except ListUnreadableError as problem:
            _log.warning("list_unreadable", path=str(path), reason=str(problem), kept=kind in self._read)
        else:
            _log.info("list_read", path=str(path), entries=len(listed.entries), refused=listed.refused)


class ListUnreadableError(Exception):
    """A list file cannot be read; the message says why."""


def read_folder(folder: Path) -> Lists:
    """The lists with those of a folder. Raises ListUnreadableError."""
    return packaged_lists().with_first([read_file(kind, path) for kind, path in _paths(folder).items() if _stamp(path)])


def read_file(kind: ListKind, path: Path) -> NameList:
    """Read one file. Raises ListUnreadableError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as problem:
        raise ListUnreadableError(f"{path} cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise ListUnreadableError(f"{path} is not UTF-8: save it as that") from problem
    if len(data) > MAX_BYTES:
        raise ListUnreadableError(f"{path} has more than {MAX_BYTES:,} bytes: take out what is not needed")
    listed = parse_list(text, read_local_part if kind in OF_LOCAL_PARTS else read_domain)
    modified = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date().isoformat()
    return NameList(
        kind,
        f"operator:{kind.value}",
        str(path),
        listed.version or hashlib.sha256(data).hexdigest()[:12],
        listed.date or modified,
        frozenset(listed.entries),
        listed.refused,
    )


def _paths(folder: Path) -> dict[ListKind, Path]:
    return {kind: folder / f"{kind.value}.txt" for kind in ListKind}


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _Stamp(found.st_ino, found.st_size, found.st_mtime_ns)

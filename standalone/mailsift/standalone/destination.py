"""Where the answers go on the user's disk: checked before any work, and never half written."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mailsift.standalone.errors import InputError, StandaloneError

_STREAM = Path("-")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be analysed, as it was when the command began."""

    path: Path
    sha256: str


def read_source(path: Path) -> Source:
    """Look at the file before anything is started for it. Raises InputError."""
    if path == _STREAM:
        raise InputError("not_a_file", "standard input cannot be read twice; save the list in a file first")
    try:
        if path.is_dir():
            raise InputError("is_a_directory", f"{path} is a directory; name a file in it")
        with path.open("rb") as file:
            if not path.is_file():
                raise InputError("not_a_file", f"{path} is not a regular file; save the list in one first")
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if not file.tell():
                raise InputError("empty_file", f"{path} is empty; it needs at least one address")
    except FileNotFoundError:
        raise InputError("missing_file", f"{path} does not exist") from None
    except OSError as error:
        raise InputError("unreadable_file", f"{path} cannot be read: {error.strerror}") from error
    return Source(path.absolute(), digest)


def choose_destination(source: Source, given: Path | None, suffix: str) -> Path:
    """Return where the answers go: the path that was given, else one beside the list. Raises InputError."""
    if given == _STREAM:
        raise InputError("output_unusable", "the answers go into a file that is whole or not there; name one with -o")
    path = given or source.path.with_name(f"{source.path.stem}-analysed{suffix}")
    return _usable(path.absolute(), [source.path], "choose another output with -o")


def choose_rejected(source: Source, given: Path, answers: Path) -> Path:
    """Return where the rejected rows go. Raises InputError."""
    if given == _STREAM:
        raise InputError("output_unusable", "the rejected rows go into a file: name one with --rejected")
    return _usable(given.absolute(), [source.path, answers], "choose another file with --rejected")


def _usable(path: Path, taken: Sequence[Path], otherwise: str) -> Path:
    """Return where a file can be written, a link followed. Raises InputError."""
    for other in taken:
        if path == other or (path.exists() and other.exists() and path.samefile(other)):
            raise InputError("output_is_input", f"{path} is {_what(other, taken)}; {otherwise}")
    if path.exists() and not path.is_file():
        raise InputError("output_unusable", f"{path} is not a regular file; {otherwise}")
    if path.is_symlink():
        path = path.resolve()
    if not path.parent.is_dir():
        raise InputError("output_unusable", f"{path.parent} is not a folder; {otherwise}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError("output_unusable", f"{path.parent} may not be written to; {otherwise}")
    return path


def _what(path: Path, taken: Sequence[Path]) -> str:
    return "the list itself" if path == taken[0] else "where the answers go"


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its place, and that of any file there, when it is whole."""
    unfinished = path.with_name(f".mailsift-{uuid.uuid4().hex}")
    try:
        with unfinished.open("xb") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise StandaloneError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)

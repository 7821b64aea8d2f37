"""Object storage by URL: a folder, or an S3-compatible, Google or Azure bucket; streams, and publishes atomically."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from mailsift.shared.errors import PermanentError
from mailsift.shared.observability import tracing
from mailsift.shared.observability.logs import logger
from mailsift.shared.observability.metrics import STORAGE_OPERATIONS, STORAGE_SECONDS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

log = logger(__name__)

CHUNK = 1024 * 1024
_PART = 8 * CHUNK
_PARTS_UNDER_WAY = 4  # each is held in memory until the storage has it
_MOST_FAILURES = 3  # each may take minutes of trying again

# How a folder names an object that is being written. One whose writer was killed stays, and no key leads to it.
_UNFINISHED = re.compile(r"#\d+\Z")


_OPERATIONS = ("open", "read", "has", "write", "delete", "list")
_OUTCOMES = ("ok", "missing", "abandoned", "failed")


# What takes its time, and is done once; a chunk that is read is no story.
_TOLD = frozenset({"open", "write"})


@contextmanager
def _counted(operation: str) -> Iterator[None]:
    """Count what is asked of the storage. `abandoned`: the storage is not at fault, its user ended it."""
    outcome = "ok"
    told = tracing.part(f"storage {operation}") if operation in _TOLD else nullcontext()
    try:
        with STORAGE_SECONDS.labels(operation).time(), told:
            yield
    except FileNotFoundError:
        outcome = "missing"
        raise
    except (BaseError, OSError):
        outcome = "failed"
        raise
    except BaseException:
        outcome = "abandoned"
        raise
    finally:
        STORAGE_OPERATIONS.labels(operation, outcome).inc()


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What was written: bytes and the hexadecimal SHA-256 of them."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FoundObject:
    """What lies in the storage, and since when."""

    key: str
    changed_at: dt.datetime

    @property
    def unfinished(self) -> bool:
        """Whether it is what a writer has of an object until the object is whole."""
        return bool(_UNFINISHED.search(self.key))


class Storage:
    """Objects by key. An object is there whole or not at all: one that is being written cannot be seen."""

    def __init__(self, url: str) -> None:
        """Open the storage at `url`; credentials of a bucket come from the environment, as its vendor names them."""
        parts = urlsplit(url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        # A folder below it goes with the last object in it.
        self._store: ObjectStore = (
            LocalStore(self._folder, mkdir=True, automatic_cleanup=True) if self._folder else from_url(url)
        )
        for operation in _OPERATIONS:
            STORAGE_SECONDS.labels(operation)
            for outcome in _OUTCOMES:
                STORAGE_OPERATIONS.labels(operation, outcome)

    @contextmanager
    def writer(self, key: str) -> Iterator[ObjectWriter]:
        """Open a stream into the object under `key`: stored when the block ends, and not at all when it raises."""
        with (
            _counted("write"),
            obstore.open_writer(self._store, key, buffer_size=_PART, max_concurrency=_PARTS_UNDER_WAY) as writer,
        ):
            sink = _Sink(writer)
            stream = ObjectWriter(key, sink)
            try:
                yield stream
                stream.flush()
            finally:
                sink.let_go()

    def write(self, key: str, chunks: Iterable[bytes | memoryview]) -> StoredObject:
        """Store an object under `key` from a stream; when the stream raises, nothing is stored."""
        with self.writer(key) as stream:
            for chunk in chunks:
                stream.write(chunk)
        return stream.stored

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading from its start, or from anywhere. Raises PermanentError `object_missing`."""
        if self._leads_away(key):
            raise PermanentError("object_missing", "the file is not in the storage")
        try:
            with _counted("open"):
                reader = obstore.open_reader(self._store, key, buffer_size=CHUNK)
        except FileNotFoundError as error:
            raise PermanentError("object_missing", "the file is no longer in the storage") from error
        return cast("BinaryIO", io.BufferedReader(_Raw(reader), CHUNK))

    def has(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        if self._leads_away(key):
            return False
        try:
            with _counted("has"):
                obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        return True

    def _leads_away(self, key: str) -> bool:
        # A link in the folder may lead anywhere; what is written through here never holds one. And a file is no folder.
        if self._folder is None:
            return False
        path = (self._folder / key).resolve()
        return not path.is_relative_to(self._folder.resolve()) or not path.parent.is_dir()

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        if self._folder and _UNFINISHED.search(key):
            (self._folder / key).unlink(missing_ok=True)
            return
        try:
            with _counted("delete"):
                obstore.delete(self._store, key)
        except FileNotFoundError:
            return

    def discard(self, keys: Iterable[str]) -> list[str]:
        """Remove objects, and return the keys of those that are gone: another try is as good as this one."""
        gone = []
        failures = 0
        # In any order: a few that cannot be removed are not always the first.
        wanted = list(keys)
        for key in random.sample(wanted, len(wanted)):
            try:
                self.delete(key)
            except (BaseError, OSError) as error:
                log.warning("object_not_removed", key=key, error=type(error).__name__)
                failures += 1
                if failures == _MOST_FAILURES:
                    break
            else:
                gone.append(key)
        return gone

    def pages(self, size: int) -> Iterator[Sequence[FoundObject]]:
        """Go through all objects, a page at a time and each read when it is asked for, in no order of note.

        In a folder also what killed writers left unfinished; a bucket keeps that where only its own rules see it.
        """
        found = _files(self._folder) if self._folder else _objects(self._store, size)
        while page := _next_page(found, size):
            yield page


def _next_page(found: Iterator[FoundObject], size: int) -> Sequence[FoundObject]:
    with _counted("list"):
        return list(islice(found, size))


def _objects(store: ObjectStore, size: int) -> Iterator[FoundObject]:
    for page in obstore.list(store, chunk_size=size):
        yield from (FoundObject(found["path"], found["last_modified"]) for found in page)


def _files(folder: Path) -> Iterator[FoundObject]:
    for path, _, names in os.walk(folder):
        for name in names:
            file = Path(path, name)
            try:
                changed = file.stat().st_mtime
            except FileNotFoundError:
                continue
            yield FoundObject(file.relative_to(folder).as_posix(), dt.datetime.fromtimestamp(changed, dt.UTC))


class ObjectWriter(io.BufferedWriter):
    """A stream into an object that nobody sees yet."""

    def __init__(self, key: str, sink: _Sink) -> None:
        super().__init__(sink, CHUNK)
        self._key = key
        self._sink = sink

    @property
    def stored(self) -> StoredObject:
        """What was written, to be asked for once it is stored."""
        return StoredObject(self._key, self._sink.size, self._sink.digest.hexdigest())


class _Sink(io.RawIOBase):
    """An obstore writer as Python's own kind of raw stream; closing this one stores nothing."""

    def __init__(self, writer: obstore.WritableFile) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._writer: obstore.WritableFile | None = writer

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        # obstore keeps what it is given until the part is sent, and the caller's buffer is used again before that.
        chunk = bytes(data)
        if self._writer is not None:
            self._writer.write(chunk)
            self.digest.update(chunk)
            self.size += len(chunk)
        return len(chunk)

    def let_go(self) -> None:
        """From now on what a buffer above still holds goes nowhere."""
        self._writer = None


class _Raw(io.RawIOBase):
    """An obstore reader as Python's own kind of raw stream."""

    def __init__(self, reader: obstore.ReadableFile) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._reader.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        with _counted("read"):
            data = memoryview(self._reader.read(len(view)))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._reader.close()
        super().close()

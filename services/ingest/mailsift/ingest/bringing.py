"""Brings a list that lies elsewhere into the storage, before it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

from mailsift.ingest import repository
from mailsift.ingest.fetching.fetcher import Fetched, Fetcher
from mailsift.ingest.repository import Source
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.storage import Storage
from mailsift.shared.urls import parse_url
from mailsift.shared.verdicts import UploadSource

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bringer:
    """What lists are brought with, and how long one may be whatever the plan."""

    fetcher: Fetcher = field(default_factory=Fetcher)
    max_bytes: int = 2 * 1024**3

    def bring(self, storage: Storage, lease: Lease, source: Source) -> Source:
        """Fetch a list into the storage, and note that it is there. Raises PermanentError and TransientError.

        An attempt that is killed on the way has stored nothing, and the next one begins anew. The key is the upload's
        own from the beginning, so that an object under it never lacks the row that tells of it.
        """
        most = min(self.max_bytes, source.allowance.upload_bytes or self.max_bytes)
        with self._opened(storage, source) as fetched:
            if (fetched.size or 0) > most:
                raise _too_large(most)
            lease.report(0, total=fetched.size, step="fetching")
            stored = storage.write(source.storage_key, _watched(lease, fetched.chunks, most))
        if not stored.size:
            storage.delete(source.storage_key)
            raise PermanentError("empty_file", "there is not one byte in the file")
        lease.log("info", "fetched the list", source=source.kind.value, fileSize=stored.size)
        with lease.transaction() as transaction:
            repository.save_fetched(transaction.connection, lease.job.subject.upload(), stored)
        return replace(source, size=stored.size, fetched=True)

    def _opened(self, storage: Storage, source: Source) -> AbstractContextManager[Fetched]:
        if source.kind is UploadSource.URL:
            return self.fetcher.open(parse_url(source.origin or ""))
        return _object(storage, source.origin or "")


@contextmanager
def _object(storage: Storage, key: str) -> Iterator[Fetched]:
    try:
        stream = storage.open(key)
    except PermanentError as error:
        raise PermanentError("object_not_found", f"there is no object {key} in the storage") from error
    with stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        yield Fetched(size, iter(lambda: stream.read(_CHUNK), b""))


def _watched(lease: Lease, chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        lease.check()
        lease.report(size)
        yield chunk
    # Nothing is published for one who has lost the job in the meantime.
    lease.check()


def _too_large(most: int) -> PermanentError:
    return PermanentError(
        "file_too_large", f"the file is longer than the {most} bytes that the plan and the server allow"
    )

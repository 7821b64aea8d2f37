from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from buckets import Bucket
from mailsift.shared.errors import PermanentError
from mailsift.shared.storage import CHUNK, Storage


def test_a_bucket_takes_and_gives_objects_larger_than_a_part(bucket: Bucket) -> None:
    storage = Storage(bucket.url)
    stored = storage.write("uploads/a b/list.csv", (bytes([n]) * CHUNK for n in range(20)))
    assert stored.size == 20 * CHUNK
    assert storage.open(stored.key).read() == b"".join(bytes([n]) * CHUNK for n in range(20))
    with storage.open(stored.key) as stream:
        stream.seek(7 * CHUNK - 1)
        assert stream.read(2) == b"\x06\x07"
    storage.delete(stored.key)
    storage.delete(stored.key)
    with pytest.raises(PermanentError, match="no longer in the storage"):
        storage.open(stored.key)


def test_half_an_object_is_never_there(bucket: Bucket) -> None:
    def broken() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * CHUNK
        raise ConnectionResetError

    storage = Storage(bucket.url)
    with pytest.raises(ConnectionResetError):
        storage.write("half", broken())
    with pytest.raises(PermanentError):
        storage.open("half")


def test_a_bucket_is_walked_page_by_page(bucket: Bucket) -> None:
    storage = Storage(bucket.url)
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=2)
    keys = {f"uploads/w/{n}" for n in range(5)}
    for key in keys:
        storage.write(key, [b"x"])
    pages = list(storage.pages(2))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {found.key for page in pages for found in page} == keys
    assert all(found.changed_at > before for page in pages for found in page)
    assert set(storage.discard(sorted(keys))) == keys
    assert list(storage.pages(2)) == []

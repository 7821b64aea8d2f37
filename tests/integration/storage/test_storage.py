from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsift.shared.errors import PermanentError
from mailsift.shared.storage import CHUNK, Storage, StoredObject


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path.as_uri())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_was_written_is_what_is_read(storage: Storage, tmp_path: Path) -> None:
    content = b"one,two\n" * 3_000_000
    stored = storage.write("a/list.csv", (content[n : n + CHUNK] for n in range(0, len(content), CHUNK)))
    assert stored == StoredObject("a/list.csv", len(content), hashlib.sha256(content).hexdigest())
    assert b"".join(storage.read("a/list.csv")) == content
    assert files(tmp_path) == ["list.csv"]


def test_a_buffer_may_be_used_again_at_once(storage: Storage) -> None:
    buffer, expected = bytearray(CHUNK), b""
    with storage.writer("list.csv") as stream:
        for letter in b"abcdefghijklmnopqrstuvwxyz":
            buffer[:] = bytes([letter]) * CHUNK
            expected += buffer
            stream.write(buffer)
    assert b"".join(storage.read("list.csv")) == expected
    assert stream.stored.sha256 == hashlib.sha256(expected).hexdigest()


@pytest.mark.parametrize("size", [10, 20 * CHUNK])
def test_nothing_is_stored_when_the_writer_fails(storage: Storage, tmp_path: Path, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * size
        raise ConnectionError

    with pytest.raises(ConnectionError):
        storage.write("list.csv", chunks())
    gc.collect()
    assert files(tmp_path) == []


def test_what_was_there_stays_until_its_successor_is_whole(storage: Storage) -> None:
    storage.write("list.csv", [b"old"])
    with storage.writer("list.csv") as stream:
        stream.write(b"new" * 10 * CHUNK)
        assert b"".join(storage.read("list.csv")) == b"old"
    assert b"".join(storage.read("list.csv")) == b"new" * 10 * CHUNK


def test_an_object_that_is_not_there_is_named_so(storage: Storage) -> None:
    storage.delete("list.csv")
    with pytest.raises(PermanentError) as caught:
        storage.open("list.csv")
    assert caught.value.code == "object_missing"


def test_a_folder_of_one_service_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="STORAGE_SHARED"):
        Storage(tmp_path.as_uri(), shared=False)

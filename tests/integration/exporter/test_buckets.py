from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from buckets import Bucket
from exporting import Entry, Exporter, records
from mailsift.exporter import handlers
from mailsift.exporter.extent import Part, Span
from mailsift.exporter.repository import rows
from mailsift.exporter.repository.orders import Order
from mailsift.exporter.writers.writer import Rows
from mailsift.shared.jobs.repository.recovering import void_all_leases
from mailsift.shared.storage import Storage

NOTE = "x" * 60_000
COUNT = 320  # rows: two parts of 8 MB, and a rest


class Killed(BaseException):
    """As sudden as a signal."""


@pytest.fixture
def storage(exporter: Exporter, bucket: Bucket) -> Storage:
    exporter.deps = replace(exporter.deps, storage=Storage(bucket.url))
    return exporter.deps.storage


def keys(storage: Storage) -> list[str]:
    return [found.key for page in storage.pages(10) for found in page]


def test_a_large_export_is_in_its_bucket_whole_or_not_at_all(
    exporter: Exporter, storage: Storage, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [Entry([f"a{n}@example.com", NOTE], f"a{n}@example.com") for n in range(COUNT)]
    job_id = exporter.order(exporter.analysed(["email", "note"], entries, email_columns=(0,)))
    write_rows = rows.write_rows
    seen = []

    def interrupted(connection: Connection, order: Order, begun: Rows, part: Part) -> int:
        assert isinstance(part, Span)
        if part.first > COUNT // 2:
            seen.append((bucket.begun(), keys(storage)))
            raise Killed
        return write_rows(connection, order, begun, part)

    monkeypatch.setattr(handlers, "SLICE", COUNT // 2)
    with monkeypatch.context() as patched:
        patched.setattr(rows, "write_rows", interrupted)
        with pytest.raises(Killed):
            exporter.run(job_id)
    # More than a part was on its way, and nobody saw any of it, then or after.
    assert seen == [(True, [])]
    assert keys(storage) == []

    with exporter.owner.begin() as connection:
        void_all_leases(connection)
    job = exporter.run(job_id)
    row, content = exporter.export_row(job), exporter.file(job)
    assert (job["status"], keys(storage)) == ("completed", [row["filePath"]])
    assert (row["fileSize"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert [each[:2] for each in records(content)[1:]] == [entry.columns for entry in entries]

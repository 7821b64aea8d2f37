from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from factories import Tenant, enqueue, make_upload
from mailsift.api.schemas.uploads import UploadDetail
from mailsift.ingest.batching import BatchLimits
from mailsift.ingest.handlers import IngestDeps, process_file
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.storage import Storage
from pump import Pump

LIST = b"name,e-mail\nAnn,ann@example.com\nJon,ANN@example.com\nEve,\n"


class Previews:
    """Uploads that are looked at, and the worker that does so."""

    def __init__(self, worker: Engine, owner: Engine, tenant: Tenant, folder: Path) -> None:
        self.owner, self.tenant = owner, tenant
        self.storage = Storage(folder.as_uri())
        deps = IngestDeps(self.storage, BatchLimits())
        self.pump = Pump(worker, {JobType.FILE_PROCESSING: lambda lease: process_file(deps, lease)})

    def put(self, content: bytes) -> uuid.UUID:
        stored = self.storage.write("list", [content])
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, self.tenant, stored.key)
            connection.execute(
                text("UPDATE uploads SET status = 'preview', \"fileSize\" = :size"), {"size": stored.size}
            )
            return enqueue(connection, self.tenant, JobType.FILE_PROCESSING, Subject(upload_id=upload_id), preview=True)

    def row(self, statement: str) -> Mapping[str, Any]:
        with self.owner.begin() as connection:
            return dict(connection.execute(text(statement)).mappings().one())


@pytest.fixture
def previews(worker: Engine, owner: Engine, tenant: Tenant, tmp_path: Path) -> Previews:
    return Previews(worker, owner, tenant, tmp_path)


def test_a_preview_shows_what_was_understood_and_loads_nothing(previews: Previews) -> None:
    previews.put(LIST)
    assert previews.pump.run() == 1
    upload = previews.row("SELECT * FROM uploads")
    assert upload["status"] == "preview"
    assert (upload["format"], upload["columnNames"], upload["emailColumns"]) == ("csv", ["name", "e-mail"], [1])
    assert {finding["what"] for finding in upload["detection"]} >= {"format", "encoding", "delimiter", "emailColumns"}
    assert upload["preview"]["rowsRead"] == 3
    assert upload["preview"]["estimate"]["duplicates"] == {"count": 1, "of": 2, "share": 0.5}
    assert previews.row('SELECT count(*) FROM "uploadEmails"')["count"] == 0
    assert previews.row('SELECT status FROM "jobQueue"')["status"] == "completed"
    assert [upload[name] for name in ("totalRows", "totalEmails", "emails")] == [0, 0, None]


def test_a_preview_that_fails_says_why_and_can_be_tried_again(previews: Previews, api: Engine) -> None:
    job_id = previews.put(b"name,town\nAnn,Bonn\nBob,Rome\n")
    previews.pump.run()
    upload = previews.row("SELECT * FROM uploads")
    assert (upload["status"], upload["errorCode"], upload["preview"]) == ("preview", "no_email_column", None)
    with tenant_transaction(api, previews.tenant.workspace_id) as connection:
        assert queueing.retry(connection, job_id)
    upload = previews.row("SELECT * FROM uploads")
    assert (upload["status"], upload["errorCode"], upload["errorMessage"]) == ("preview", None, None)


def test_the_api_shows_what_ingest_kept(previews: Previews) -> None:
    previews.put(LIST)
    previews.pump.run()
    upload = {**previews.row("SELECT * FROM uploads"), "jobId": None}
    shown = UploadDetail.model_validate(upload)
    assert shown.preview is not None
    assert shown.detection is not None
    assert shown.preview.rows[0].columns == ["Ann", "ann@example.com"]
    assert shown.preview.estimate.no_address.share == pytest.approx(1 / 3, abs=0.001)
    assert shown.detection[0].model_dump() == upload["detection"][0]

"""Lists that were analysed, and a worker that exports them."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, text, update

from factories import Tenant, enqueue, make_analysis, make_export, make_upload
from mailsift.exporter import handlers
from mailsift.exporter.handlers import ExporterDeps
from mailsift.exporter.rendering import ANSWERS
from mailsift.shared.db.tables import AdvancedEmailResult, Analysis, Export, Upload, UploadEmail
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.job import Subject
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.retry import Schedule
from mailsift.shared.jobs.runner import JobRunner
from mailsift.shared.selection import EVERYTHING, Selection
from mailsift.shared.storage import Storage
from mailsift.shared.writing import AS_USUAL, WritingOptions

Row = dict[str, Any]
HEADER = [f"mailsift_{answer.name}" for answer in ANSWERS]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a list, or its further e-mail columns, and whether the address is answered."""

    columns: Sequence[str]
    address: str | None = None
    duplicate_of: int | None = None
    format_error: str | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What its answer says besides."""


def verdict(analysis_id: uuid.UUID, number: int, address: str) -> Row:
    """An answer that tells its row: nulls, a word with a quote, a list, something nested."""
    return {
        "analysis_id": analysis_id,
        "sequence_number": number,
        "email_address": address,
        "normalized_address": address.casefold(),
        "canonical_address": None,
        "domain": "example.com",
        "status": "risky",
        "sub_status": "role_account",
        "deliverability_score": number % 101,
        "lead_status": "low-quality",
        "risk_level": "medium",
        "is_valid_syntax": True,
        "is_corporate": True,
        "is_free": False,
        "is_disposable": False,
        "is_relay": False,
        "is_role_based": True,
        "domain_exists": True,
        "accepts_mail": None,
        "mx_host": "mx.example.com",
        "provider": None,
        "spf_pass": True,
        "dkim_pass": None,
        "dmarc_pass": False,
        "dmarc_policy": None,
        "suggestion": None,
        "mailbox_checked": False,
        "reasons": ["role_account", "dmarc_missing"],
        "score_breakdown": [["role_account", -13], ['a "word" \\ \U0001f600', -5]],
        "score_version": 1,
    }


class Exporter:
    """One worker of exports, and the lists it is given."""

    def __init__(self, owner: Engine, worker: Engine, tenant: Tenant, folder: Path) -> None:
        self.owner, self.worker, self.tenant, self.folder = owner, worker, tenant, folder
        self.deps = ExporterDeps(Storage(folder.as_uri()), 7)
        self.heartbeat = Heartbeat(worker, lease_seconds=60, heartbeat_seconds=20, progress_seconds=60)
        self.runner = JobRunner(worker, self.heartbeat, Announcer(worker), 60, Schedule(base=60, cap=3600, jitter=0))

    def analysed(
        self,
        names: Sequence[str],
        entries: Sequence[Entry],
        status: str = "completed",
        email_columns: Sequence[int] = (1,),
    ) -> uuid.UUID:
        with self.owner.begin() as connection:
            upload_id = make_upload(connection, self.tenant)
            connection.execute(
                update(Upload)
                .where(Upload.upload_id == upload_id)
                .values(
                    column_names=list(names),
                    email_columns=list(email_columns),
                    total_rows=len(entries) // len(email_columns),
                    status="completed",
                )
            )
            analysis_id = make_analysis(connection, self.tenant, upload_id)
            connection.execute(update(Analysis).where(Analysis.analysis_id == analysis_id).values(status=status))
            rows = [
                {
                    "upload_id": upload_id,
                    "sequence_number": number,
                    "row_number": number + 1,
                    "email_address": entry.address,
                    "normalized_address": None if entry.address is None else entry.address.casefold(),
                    "domain": None if entry.address is None else entry.address.rpartition("@")[2].casefold(),
                    "is_valid_format": entry.address is not None,
                    "format_error": entry.format_error,
                    "duplicate_of": entry.duplicate_of,
                    "columns": list(entry.columns),
                }
                for number, entry in enumerate(entries, start=1)
            ]
            connection.execute(insert(UploadEmail), rows)
            verdicts = [
                {**verdict(analysis_id, number, entry.address), **entry.answer}
                for number, entry in enumerate(entries, start=1)
                if entry.address is not None and entry.duplicate_of is None
            ]
            if verdicts:
                connection.execute(insert(AdvancedEmailResult), verdicts)
        return analysis_id

    def ordered(
        self,
        analysis_id: uuid.UUID,
        file_type: str = "csv",
        selection: Selection = EVERYTHING,
        writing: WritingOptions = AS_USUAL,
    ) -> uuid.UUID:
        with self.owner.begin() as connection:
            export_id = make_export(connection, self.tenant, analysis_id, file_type)
            values = {"options": selection.to_json(), "writing": writing.to_json()}
            connection.execute(update(Export).where(Export.export_id == export_id).values(values))
            return export_id

    def order(
        self,
        analysis_id: uuid.UUID,
        file_type: str = "csv",
        selection: Selection = EVERYTHING,
        writing: WritingOptions = AS_USUAL,
    ) -> uuid.UUID:
        export_id = self.ordered(analysis_id, file_type, selection, writing)
        with self.owner.begin() as connection:
            return enqueue(connection, self.tenant, JobType.EXPORT, Subject(export_id=export_id))

    def run(self, job_id: uuid.UUID, handler: Callable[[Lease], None] | None = None) -> Row:
        self.runner.run(str(job_id), self.job(job_id)["attempt"], handler or partial(handlers.export, self.deps))
        return self.job(job_id)

    def export(
        self,
        analysis_id: uuid.UUID,
        file_type: str = "csv",
        selection: Selection = EVERYTHING,
        writing: WritingOptions = AS_USUAL,
    ) -> bytes:
        job = self.run(self.order(analysis_id, file_type, selection, writing))
        assert job["status"] == "completed", job["errorMessage"]
        return self.file(job)

    def file(self, job: Row) -> bytes:
        return self.deps.storage.open(self.export_row(job)["filePath"]).read()

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def job(self, job_id: uuid.UUID) -> Row:
        return self._one('SELECT * FROM "jobQueue" WHERE "jobId" = :id', job_id)

    def export_row(self, job: Row) -> Row:
        return self._one('SELECT *, now() FROM exports WHERE "exportId" = :id', job["exportId"])

    def _one(self, statement: str, row_id: uuid.UUID) -> Row:
        with self.owner.begin() as connection:
            return dict(connection.execute(text(statement), {"id": row_id}).mappings().one())


def records(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True, delimiter=delimiter))


def objects(content: bytes) -> list[Row]:
    return [json.loads(line) for line in content.decode().split("\n")[:-1]]


PEOPLE = (
    Entry(["Ann", "ann@example.com"], "ann@example.com"),
    Entry(["Bob", ""], format_error="no_address"),
    Entry(["Ann again", "ANN@example.com"], "ANN@example.com", duplicate_of=1),
    Entry([], format_error="row_too_long"),
    Entry(
        ["Cid", "cid@example.com", "extra", "more"], "cid@example.com", answer={"canonical_address": "c@example.com"}
    ),
)

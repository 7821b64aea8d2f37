from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from exporting import PEOPLE, Entry, Exporter, records
from mailsift.exporter import handlers
from mailsift.exporter.extent import Part, Span
from mailsift.exporter.repository import orders, rows
from mailsift.exporter.repository.orders import Order
from mailsift.exporter.writers.writer import Rows
from mailsift.shared import storage
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.jobs.repository.recovering import void_all_leases


def test_the_outcome_is_written_with_the_end_of_the_job(exporter: Exporter) -> None:
    job = exporter.run(exporter.order(exporter.analysed(["name", "email"], PEOPLE)))
    row, content = exporter.export_row(job), exporter.file(job)
    key = f"exports/{exporter.tenant.workspace_id}/{job['exportId']}/export"
    digest = hashlib.sha256(content).hexdigest()
    assert (row["status"], row["filePath"], row["rowCount"]) == ("completed", key, 5)
    assert (row["fileSize"], row["sha256"], row["contentType"]) == (len(content), digest, "text/csv; charset=utf-8")
    assert 6.99 < (row["expiresAt"] - row["now"]).total_seconds() / 86400 <= 7
    assert job["result"] == {"rows": 5, "suppressedRows": 0, "fileSize": len(content), "sha256": digest}
    with exporter.owner.begin() as connection:
        activity = connection.execute(text('SELECT "activityType", "entityId" FROM "userActivities"')).one()
    assert tuple(activity) == ("export_completed", job["exportId"])


def test_an_analysis_under_way_is_not_exported(exporter: Exporter) -> None:
    job = exporter.run(exporter.order(exporter.analysed(["name", "email"], PEOPLE, status="processing")))
    assert (job["status"], job["errorCode"], exporter.files()) == ("failed", "analysis_not_ready", [])


def test_a_list_whose_rows_are_gone_is_not_passed_off_as_whole(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["name", "email"], PEOPLE)
    with exporter.owner.begin() as connection:
        connection.execute(text('DELETE FROM "uploadEmails" WHERE "sequenceNumber" = 3'))
    job = exporter.run(exporter.order(analysis_id))
    assert (job["status"], job["errorCode"], exporter.files()) == ("failed", "rows_expired", [])


class Killed(BaseException):
    """As sudden as a signal."""


def during_the_second_slice(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    write_rows = rows.write_rows

    def interrupted(connection: Connection, order: Order, begun: Rows, part: Part) -> int:
        if isinstance(part, Span) and part.first == 3:
            happens()
        return write_rows(connection, order, begun, part)

    monkeypatch.setattr(handlers, "SLICE", 2)
    monkeypatch.setattr(rows, "write_rows", interrupted)


def test_a_kill_in_the_middle_leaves_no_file_and_the_next_try_writes_all(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed() -> None:
        raise Killed

    job_id = exporter.order(exporter.analysed(["name", "email"], PEOPLE))
    during_the_second_slice(monkeypatch, killed)
    with pytest.raises(Killed):
        exporter.run(job_id)
    assert (exporter.job(job_id)["status"], exporter.files()) == ("processing", [])

    monkeypatch.undo()
    with exporter.owner.begin() as connection:
        void_all_leases(connection)
    assert exporter.run(job_id)["status"] == "completed"
    assert [len(records(path.read_bytes())) for path in exporter.files()] == [6]


def test_a_kill_between_the_file_and_its_row_is_made_good_by_the_next_try(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    job_id = exporter.order(exporter.analysed(["name", "email"], PEOPLE))
    monkeypatch.setattr(orders, "finish", killed)
    with pytest.raises(Killed):
        exporter.run(job_id)
    (published,) = exporter.files()
    content = published.read_bytes()

    monkeypatch.undo()
    with exporter.owner.begin() as connection:
        void_all_leases(connection)
    job = exporter.run(job_id)
    assert (job["status"], exporter.file(job), exporter.files()) == ("completed", content, [published])


def test_a_file_larger_than_allowed_is_not_written_to_its_end(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [Entry([f"a{n}@example.com"], f"a{n}@example.com") for n in range(400)]
    analysis_id = exporter.analysed(["email"], [Entry([""] * 16_000), *entries])
    exporter.deps = replace(exporter.deps, max_bytes=2_000_000)
    monkeypatch.setattr(handlers, "SLICE", 50)
    job = exporter.run(exporter.order(analysis_id))
    assert (job["status"], job["errorCode"], exporter.files()) == ("failed", "export_too_large", [])


def test_a_cancelled_export_leaves_no_file(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancelled() -> None:
        with exporter.owner.begin() as connection:
            queueing.request_cancel(connection, job_id)
        exporter.heartbeat.beat(0, extend=False)

    job_id = exporter.order(exporter.analysed(["name", "email"], PEOPLE))
    during_the_second_slice(monkeypatch, cancelled)
    job = exporter.run(job_id)
    assert (job["status"], exporter.export_row(job)["status"], exporter.files()) == ("cancelled", "cancelled", [])


def test_progress_is_told_by_rows_while_a_file_is_written(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    def looked() -> None:
        exporter.heartbeat.beat(0, extend=False)
        told.append(exporter.job(job_id))

    job_id = exporter.order(exporter.analysed(["name", "email"], PEOPLE))
    during_the_second_slice(monkeypatch, looked)
    exporter.run(job_id)
    ((job,), done) = (told, exporter.job(job_id))
    assert (job["processedItems"], job["totalItems"], job["progress"], job["currentStep"]) == (2, 5, 40, "writing")
    assert (done["processedItems"], done["totalItems"], done["progress"]) == (5, 5, 100)


def test_a_storage_that_fails_costs_a_retry_and_not_the_connection(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    entries = [Entry(["x" * 1000], f"a{n}@example.com") for n in range(1, 2000)]
    job_id = exporter.order(exporter.analysed(["email"], entries))
    monkeypatch.setattr(storage._Sink, "write", full)
    job = exporter.run(job_id)
    assert (job["status"], job["retryCount"], exporter.files()) == ("pending", 1, [])
    monkeypatch.undo()
    assert exporter.run(job_id)["status"] == "completed"


def test_nothing_of_the_list_is_logged(exporter: Exporter, capfd: pytest.CaptureFixture[str]) -> None:
    exporter.export(exporter.analysed(["secret name"], [Entry(["secret@example.com"], "secret@example.com")]), "jsonl")
    with exporter.owner.begin() as connection:
        lines = connection.execute(text('SELECT message, metadata::text FROM "jobLogs"')).all()
    assert "secret" not in str(lines)
    assert "secret" not in "".join(capfd.readouterr())

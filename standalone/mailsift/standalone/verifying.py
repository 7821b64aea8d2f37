"""Takes one list through upload, loading, analysis and export, or goes on with a run that was cut short."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from mailsift.api.schemas.analyses import Analysis
from mailsift.api.schemas.exports import Export, ExportRequest
from mailsift.api.schemas.jobs import Job
from mailsift.api.schemas.uploads import UploadDetail
from mailsift.exporter.layout import lay_out
from mailsift.exporter.rendering import Shape, column_names
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.states import JobStatus
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy
from mailsift.shared.selection import EVERYTHING, Selection
from mailsift.shared.verdicts import AnalysisType, FileType, ListAnalysisType
from mailsift.shared.writing import AS_USUAL, WritingOptions
from mailsift.standalone.client import Client, Sent, WantedAnalysis, WantedFile
from mailsift.standalone.destination import Source, written_whole
from mailsift.standalone.errors import InputError, RefusedError, RunFailedError
from mailsift.standalone.progress import FULL, Shown
from mailsift.standalone.remarks import explain, with_remedy
from mailsift.standalone.runs import Run, RunKey, RunRecords

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 0.5
_UNNAMED: Final = re.compile("column_([0-9]{1,5})")
# What a record says may be gone: another database, or a file that has expired.
_OUTDATED = frozenset({"not_found", "export_expired", "idempotency_key_reused"})


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done."""

    source: Source
    file_type: FileType
    destination: Path
    options: ReadingOptions = field(default_factory=ReadingOptions)
    rejected: Path | None = None
    """Where the rows go from which no address could be taken."""
    scoring: ScoringPolicy = DEFAULT_POLICY
    writing: WritingOptions = AS_USUAL
    selection: Selection = EVERYTHING
    analysis_type: ListAnalysisType = AnalysisType.ADVANCED

    @property
    def wanted(self) -> WantedFile:
        """What the API is asked to write."""
        return WantedFile(self.file_type, self.writing, self.selection)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it."""

    upload: UploadDetail
    analysis: Analysis
    export: Export
    path: Path
    rejected: Path | None


class Verifier:
    """Follows one order through an API; what is accepted is written down at once."""

    def __init__(self, client: Client, records: RunRecords, key: RunKey, shown: Shown) -> None:
        self._client = client
        self._records = records
        self._key = key
        self._shown = shown

    def verify(self, order: Order) -> Verified:
        """Take the list through; when only a remembrance of an earlier run is in the way, begin anew."""
        run, found = self._records.begin(self._key, order.source.path.name)
        if not found:
            return self._take_through(run, order)
        self._shown.note("going on with an earlier run of this list")
        try:
            return self._take_through(run, order)
        except RefusedError as error:
            if error.code not in _OUTDATED:
                raise
            self._records.forget(self._key)
        run, _ = self._records.begin(self._key, order.source.path.name)
        return self._take_through(run, order)

    def _take_through(self, run: Run, order: Order) -> Verified:
        with self._ending_at_failure():
            run, upload = self._load(run, order)
            for warning in upload.warnings:
                self._shown.note(f"note: {explain(warning, upload)}")
            require_columns(upload, order.writing)
            run, analysis = self._analyse(run, upload.upload_id, order)
            run, export = self._export(run, analysis.analysis_id, order)
        self._fetch(export, order.destination)
        if order.rejected is not None:
            with written_whole(order.rejected) as file:
                self._client.download_rejected(upload.upload_id, file)
        self._records.forget(self._key)
        return Verified(upload, analysis, export, order.destination, order.rejected)

    def _load(self, run: Run, order: Order) -> tuple[Run, UploadDetail]:
        if run.upload_id is None:
            sent = Sent(order.source.path, run.file_name, order.options)
            accepted = self._client.upload(sent, run.request_key("upload"), meter(self._shown, sent.path))
            run = self._save(replace(run, upload_id=accepted.upload_id))
            upload_id = accepted.upload_id
        else:
            upload_id = run.upload_id
        upload = self._client.find_upload(upload_id)
        with naming(order.source):
            self._wait(upload.job_id, "loading", InputError)
        return run, self._client.find_upload(upload_id)

    def _analyse(self, run: Run, upload_id: UUID, order: Order) -> tuple[Run, Analysis]:
        analysis_id = run.analysis_id
        if analysis_id is None:
            wanted = WantedAnalysis(order.analysis_type, order.scoring)
            analysis_id = self._client.analyse_list(upload_id, wanted, run.request_key("analysis")).analysis_id
            run = self._save(replace(run, analysis_id=analysis_id))
        self._wait(self._client.find_analysis(analysis_id).job_id, "analysing", RunFailedError)
        return run, self._client.find_analysis(analysis_id)

    def _export(self, run: Run, analysis_id: UUID, order: Order) -> tuple[Run, Export]:
        export_id = run.export_id
        if export_id is None:
            export_id = self._client.export(analysis_id, order.wanted, run.request_key("export")).export_id
            run = self._save(replace(run, export_id=export_id))
        self._wait(self._client.find_export(export_id).job_id, "writing", RunFailedError)
        return run, self._client.find_export(export_id)

    def _fetch(self, export: Export, path: Path) -> None:
        with written_whole(path) as file:
            fetched = _Meter(self._shown, "fetching", export.file_size or 0)
            self._client.download(export.export_id, file, fetched.count)
            file.flush()
            if _digest(Path(file.name)) != export.sha256:
                raise RunFailedError(
                    "download_damaged", "the file did not arrive as it was sent; run the command again"
                )

    def _wait(self, job_id: UUID | None, phase: str, failure: type[InputError | RunFailedError]) -> None:
        if job_id is not None:
            require_success(wait_for_end(self._client, job_id, self._shown, phase), failure)

    def _save(self, run: Run) -> Run:
        self._records.save(self._key, run)
        return run

    @contextmanager
    def _ending_at_failure(self) -> Iterator[None]:
        """What has failed is not gone on with: the next command begins anew."""
        try:
            yield
        except (InputError, RunFailedError):
            self._records.forget(self._key)
            raise


def wait_for_end(client: Client, job_id: UUID, shown: Shown | None = None, phase: str = "") -> Job:
    """Wait until a job has ended, in whatever way."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        job = client.find_job(job_id)
        if shown is not None:
            shown.show(phase, job.progress, job.current_step, job.eta_seconds)
        if job.ended:
            return job
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def require_success(job: Job, failure: type[InputError | RunFailedError] = RunFailedError) -> None:
    """Raise for a job that did not complete: `failure` when its input was at fault, RunFailedError otherwise."""
    if job.status is JobStatus.COMPLETED:
        return
    code = job.error_code or job.status.value
    message = job.error_message or f"the job was {job.status.value}"
    raise (failure if job.status is JobStatus.FAILED else RunFailedError)(code, message)


def require_options(wanted: WantedFile) -> None:
    """Raise InputError for what no export can be asked for, before a long list is analysed for it."""
    try:
        ExportRequest.model_validate({"analysisId": UUID(int=0), **wanted.to_json()})
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise InputError("invalid_option", message) from error


def require_columns(upload: UploadDetail, writing: WritingOptions) -> None:
    """Raise InputError for a column that the file will not have, before a long list is analysed for it."""
    asked = (_UNNAMED.fullmatch(name) for name in (*writing.columns, *writing.rename))
    # A row may be wider than the header.
    width = max((int(found[1]) for found in asked if found), default=0)
    names = column_names(upload.column_names or (), width)
    try:
        lay_out(Shape(names, tuple(number - 1 for number in upload.email_columns or (1,))), writing)
    except PermanentError as error:
        raise InputError(error.code, error.message) from error


def meter(shown: Shown, path: Path) -> Callable[[int], None]:
    """Show how much of a file has been sent."""
    return _Meter(shown, "uploading", path.stat().st_size).count


@contextmanager
def naming(source: Source) -> Iterator[None]:
    """Say of which list it was that it could not be read, and what can be said about it."""
    try:
        yield
    except InputError as error:
        raise InputError(error.code, f"{source.path.name}: {with_remedy(error.code, str(error))}") from error


class _Meter:
    """Counts bytes towards a whole."""

    def __init__(self, shown: Shown, phase: str, total: int) -> None:
        self._shown = shown
        self._phase = phase
        self._total = total
        self._sum = 0

    def count(self, size: int) -> None:
        self._sum += size
        percent = min(FULL * self._sum // self._total, FULL) if self._total else FULL
        self._shown.show(self._phase, percent)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

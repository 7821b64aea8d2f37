"""A typed client of the API: of the one in this computer, or of a deployment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from mailsift.api.schemas.analyses import Analysis, AnalysisAccepted
from mailsift.api.schemas.base import Page
from mailsift.api.schemas.erasures import Erasure
from mailsift.api.schemas.exports import Export, ExportAccepted
from mailsift.api.schemas.jobs import Job, JobWithLogs
from mailsift.api.schemas.outcomes import Calibration, OutcomesRecorded
from mailsift.api.schemas.results import Result, ResultPage
from mailsift.api.schemas.scoring import WorkspaceScoring
from mailsift.api.schemas.suppressions import (
    Suppression,
    SuppressionPage,
    SuppressionsAdded,
    SuppressionsRemoved,
)
from mailsift.api.schemas.uploads import UploadAccepted, UploadDetail
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy
from mailsift.shared.selection import EVERYTHING, Selection
from mailsift.shared.verdicts import FileType, ListAnalysisType
from mailsift.shared.writing import AS_USUAL, WritingOptions
from mailsift.standalone.errors import RefusedError, ServerGoneError
from mailsift.standalone.refusals import problem_of

Answer = TypeVar("Answer", bound=BaseModel)
Item = TypeVar("Item", bound=BaseModel)

_CHUNK = 1024 * 1024
_TIMEOUT = httpx.Timeout(60, connect=10)
_LARGEST_PAGE = 1000
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A file on its way, what it is called, and how it is to be read."""

    path: Path
    name: str
    options: ReadingOptions
    preview: bool = False
    """Only its beginning is to be looked at."""


@dataclass(frozen=True, slots=True)
class WantedAnalysis:
    """How a list is to be analysed."""

    analysis_type: ListAnalysisType
    scoring: ScoringPolicy = DEFAULT_POLICY

    def to_json(self) -> dict[str, object]:
        """Say it as the API takes it."""
        return {"analysisType": self.analysis_type.value, **_weighed(self.scoring)}


@dataclass(frozen=True, slots=True)
class WantedFile:
    """How answers are to be written: as what, which of them, and in which order."""

    file_type: FileType
    writing: WritingOptions = AS_USUAL
    selection: Selection = EVERYTHING

    def to_json(self) -> dict[str, object]:
        """Say it as the API takes it."""
        rows = {"filterOption": self.selection.filter_option.value, "sort": self.selection.order.value}
        return {"fileType": self.file_type.value, **self.writing.to_json(), **rows}


class Client:
    """Speaks to one API with one key. Every method raises RefusedError for a problem, ServerGoneError for silence."""

    def __init__(self, url: str, key: str, *, on_loopback: bool = False, patience_seconds: float = 0) -> None:
        """With patience, what only reads is asked again while the API is away."""
        self._url = url
        self._patience_seconds = patience_seconds
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=_TIMEOUT,
            # No proxy of the user's stands between two processes of one machine.
            trust_env=not on_loopback,
            verify=not on_loopback,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def upload(self, sent: Sent, idempotency_key: str, on_bytes: Callable[[int], None]) -> UploadAccepted:
        """Send a file."""
        with sent.path.open("rb") as file:
            size = sent.path.stat().st_size
            return self._ask(
                UploadAccepted,
                "POST",
                "/api/uploads",
                params=_parameters(sent),
                headers={
                    "Content-Type": "application/octet-stream",
                    "Content-Length": str(size),
                    "Idempotency-Key": idempotency_key,
                },
                content=_chunks(file, on_bytes),
            )

    def find_upload(self, upload_id: UUID) -> UploadDetail:
        """Read an upload."""
        return self._ask(UploadDetail, "GET", f"/api/uploads/{upload_id}")

    def download_rejected(self, upload_id: UUID, file: BinaryIO) -> None:
        """Write the rejected rows of an upload into an open file, as CSV."""
        self._fetch(f"/api/uploads/{upload_id}/rejected.csv", file, lambda _: None)

    def analyse_list(self, upload_id: UUID, wanted: WantedAnalysis, idempotency_key: str) -> AnalysisAccepted:
        """Have an upload analysed."""
        return self._ask(
            AnalysisAccepted,
            "POST",
            "/api/analyses",
            headers={"Idempotency-Key": idempotency_key},
            json={"uploadId": str(upload_id), **wanted.to_json()},
        )

    def analyse_address(self, address: str, scoring: ScoringPolicy = DEFAULT_POLICY) -> AnalysisAccepted:
        """Have one address analysed; the answer holds the result if that was quick."""
        body = {"analysisType": "single", "emailAddress": address, **_weighed(scoring)}
        return self._ask(AnalysisAccepted, "POST", "/api/analyses", json=body)

    def scoring(self) -> WorkspaceScoring:
        """Read what the workspace weighs otherwise, and what follows."""
        return self._ask(WorkspaceScoring, "GET", "/api/scoring")

    def set_scoring(self, scoring: ScoringPolicy) -> WorkspaceScoring:
        """Say what the workspace weighs otherwise."""
        return self._ask(WorkspaceScoring, "PUT", "/api/scoring", json=scoring.said())

    def reset_scoring(self) -> WorkspaceScoring:
        """Weigh as the operator does."""
        return self._ask(WorkspaceScoring, "DELETE", "/api/scoring")

    def analyse_domain(self, text: str) -> AnalysisAccepted:
        """Have one domain, or that of a URL, analysed; the answer holds the audit if that was quick."""
        named = {"url" if "/" in text else "domain": text}
        return self._ask(AnalysisAccepted, "POST", "/api/analyses", json={"analysisType": "domain", **named})

    def find_analysis(self, analysis_id: UUID) -> Analysis:
        """Read an analysis."""
        return self._ask(Analysis, "GET", f"/api/analyses/{analysis_id}")

    def results(self, analysis_id: UUID) -> Iterator[Result]:
        """Read all answers of an analysis, page by page."""
        return self._pages(ResultPage, f"/api/analyses/{analysis_id}/results")

    def export(self, analysis_id: UUID, wanted: WantedFile, idempotency_key: str) -> ExportAccepted:
        """Have the answers written into a file."""
        return self._ask(
            ExportAccepted,
            "POST",
            "/api/exports",
            headers={"Idempotency-Key": idempotency_key},
            json={"analysisId": str(analysis_id), **wanted.to_json()},
        )

    def find_export(self, export_id: UUID) -> Export:
        """Read an export."""
        return self._ask(Export, "GET", f"/api/exports/{export_id}")

    def download(self, export_id: UUID, file: BinaryIO, on_bytes: Callable[[int], None]) -> None:
        """Write the file of an export into an open one."""
        self._fetch(f"/api/exports/{export_id}/download", file, on_bytes)

    def suppress(self, values: Sequence[str], reason: str | None) -> SuppressionsAdded:
        """Suppress addresses and domains; what is suppressed already stays as it is."""
        body = {"values": list(values), **({} if reason is None else {"reason": reason})}
        return self._ask(SuppressionsAdded, "POST", "/api/suppressions", json=body)

    def release(self, values: Sequence[str]) -> SuppressionsRemoved:
        """Suppress addresses and domains no longer."""
        return self._ask(SuppressionsRemoved, "DELETE", "/api/suppressions", json={"values": list(values)})

    def suppressions(self) -> Iterator[Suppression]:
        """Read all suppressions, page by page, the newest first."""
        return self._pages(SuppressionPage, "/api/suppressions")

    def erase(self, addresses: Sequence[str]) -> Erasure:
        """Have a person's data erased."""
        return self._ask(Erasure, "POST", "/api/erasures", json={"addresses": list(addresses)})

    def find_erasure(self, erasure_id: UUID) -> Erasure:
        """Read how an erasure stands."""
        return self._ask(Erasure, "GET", f"/api/erasures/{erasure_id}")

    def report_outcomes(self, delivered: Sequence[str], bounced: Sequence[str]) -> OutcomesRecorded:
        """Report what became of mail to addresses."""
        body = {"delivered": list(delivered), "bounced": list(bounced)}
        return self._ask(OutcomesRecorded, "POST", "/api/outcomes", json=body)

    def calibration(self) -> Calibration:
        """Read what outcomes say of the scores."""
        return self._ask(Calibration, "GET", "/api/outcomes")

    def find_job(self, job_id: UUID) -> Job:
        """Read how a job stands."""
        return self._ask(JobWithLogs, "GET", f"/api/jobs/{job_id}").job

    def _pages(self, page: type[Page[Item]], path: str) -> Iterator[Item]:
        cursor: str | None = None
        while True:
            params = {"limit": str(_LARGEST_PAGE), **({"cursor": cursor} if cursor else {})}
            found = self._ask(page, "GET", path, params=params)
            yield from found.items
            cursor = found.next
            if cursor is None:
                return

    def _fetch(self, path: str, file: BinaryIO, on_bytes: Callable[[int], None]) -> None:
        try:
            with self._http.stream("GET", path) as response:
                if response.is_error:
                    response.read()
                    raise problem_of(response)
                for chunk in response.iter_bytes(_CHUNK):
                    file.write(chunk)
                    on_bytes(len(chunk))
        except httpx.HTTPError as error:
            raise self._gone(error) from error

    def _ask(self, answer: type[Answer], method: str, path: str, **request: object) -> Answer:
        deadline = time.monotonic() + (self._patience_seconds if method == "GET" else 0)
        while True:
            try:
                return self._ask_once(answer, method, path, **request)
            except ServerGoneError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def _ask_once(self, answer: type[Answer], method: str, path: str, **request: object) -> Answer:
        try:
            response = self._http.request(method, path, **request)  # type: ignore[arg-type] # httpx's own keywords
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._gone(error) from error
        if not response.is_success:
            raise problem_of(response)
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            raise RefusedError("no_mailsift", f"{self._url} does not answer as mailsift's API does") from error

    def _gone(self, error: Exception) -> ServerGoneError:
        return ServerGoneError(f"{self._url} does not answer ({str(error) or type(error).__name__})")


def _weighed(scoring: ScoringPolicy) -> dict[str, object]:
    """Say what is weighed otherwise, when something is."""
    said = scoring.said()
    return {"scoring": said} if said else {}


def _parameters(sent: Sent) -> dict[str, str]:
    """Say in the query how the file is to be read: words as they are, all else as JSON."""
    said = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in sent.options.to_json().items()
    }
    return {"fileName": sent.name, **said, **({"preview": "true"} if sent.preview else {})}


def _chunks(file: BinaryIO, on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
        on_bytes(len(chunk))

"""/api/v1/analysis: a file analysed in one request, from the upload to the workbook."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import Response, request

from mailsift.api.actions.file_analysing import Standing, find_workbook, look_up
from mailsift.api.actions.quota import upload_limit
from mailsift.api.actions.uploading import Incoming, upload, upload_place
from mailsift.api.auth import principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.intake.body import limited
from mailsift.api.intake.multipart import read_form
from mailsift.api.problems import Problem, parsed
from mailsift.api.routes.answers import Replied, accepted, asked, reading
from mailsift.api.routes.exports import hand_out
from mailsift.api.routes.uploads import body_within
from mailsift.api.schemas.exports import ExportOptions
from mailsift.api.schemas.file_analyses import FileAnalysis, FileAnalysisStarted, FileOptions
from mailsift.api.schemas.jobs import RequestedAs
from mailsift.api.schemas.uploads import UploadWishes
from mailsift.shared.verdicts import AnalysisType, FileType, UploadSource, UploadType

blueprint = APIBlueprint("file_analyses", __name__, url_prefix="/api/v1/analysis", tag="analyses")

_FORM = "multipart/form-data"
_FIELDS = frozenset(str(field.alias) for field in FileOptions.model_fields.values())
_WORKBOOK = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "binary"}


@blueprint.post("/analyze-file")
@blueprint.output(FileAnalysisStarted, status_code=202, description="stored; jobs work on it")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "body_incomplete",
        "upload_too_large",
        "unsupported_media_type",
        "validation_failed",
        "empty_file",
        "idempotency_key_reused",
        "job_quota_exceeded",
        "too_many_uploads",
        "temporarily_unavailable",
    ),
    extensions={"x-idempotent": True, "x-takes-a-form": "FileForm"},
)
def create() -> Replied:
    """Analyse a file: a form with the field `file`, and perhaps `filterOption`.

    It is read, analysed (`advanced`) and written into a workbook by three jobs, one after the other. What has not ended
    after ten minutes (`ANALYZE_FILE_SECONDS`) is cancelled.
    """
    if request.mimetype != _FORM:
        raise Problem("unsupported_media_type", f"send the file as {_FORM}")
    now = dt.datetime.now(dt.UTC)
    with upload_place(deps(), principal().workspace_id):
        answer, replayed = upload(deps(), asked(RequestedAs.ANALYZE_FILE), _incoming(now), now)
    if answer.export is None:
        raise Problem("idempotency_key_reused", "this key was used for an upload without an export; take a new one")
    started = FileAnalysisStarted(job_id=answer.export.job_id)
    return accepted(started, "v1/analysis/job", started.job_id, replayed=replayed)


@blueprint.get("/job/<uuid:job_id>")
@blueprint.output(FileAnalysis)
@blueprint.doc(responses=refusals("not_found", "job_expired"))
def show(job_id: uuid.UUID) -> Standing:
    """Ask how the analysis of a file stands: under way, completed or failed; for 24 hours."""
    with reading() as connection:
        return look_up(connection, job_id, dt.datetime.now(dt.UTC))


@blueprint.get("/download/<filename>")
@blueprint.doc(
    responses=refusals("not_found", "export_not_ready", "export_expired", "range_not_satisfiable")
    | answers(200, "the workbook", _WORKBOOK)
    | answers(206, "the bytes that Range asks for", _WORKBOOK)
    | answers(304, "the file is the one that If-None-Match names")
)
def download(filename: str) -> Response:
    """Download the workbook by its name, as `/api/exports/{export_id}/download` does by the id of its export."""
    with reading() as connection:
        export_id = find_workbook(connection, filename)
    return hand_out(export_id)


def _incoming(now: dt.datetime) -> Incoming:
    limit = upload_limit(deps(), principal().workspace_id)
    form = read_form(body_within(limit), request.mimetype_params.get("boundary"), _FIELDS)
    return Incoming(
        UploadType.BULK,
        UploadSource.FILE,
        limited(form.chunks, limit),
        lambda: _wishes(form.fields),
        form.file_name,
        deadline=now + dt.timedelta(seconds=deps().settings.analyze_file_seconds),
    )


def _wishes(fields: Mapping[str, str]) -> UploadWishes:
    said = parsed(FileOptions, fields)
    options = ExportOptions.model_validate({"filterOption": said.filter_option})
    return UploadWishes.model_validate(
        {"analysisType": AnalysisType.ADVANCED, "exportType": FileType.XLSX, "exportOptions": options}
    )

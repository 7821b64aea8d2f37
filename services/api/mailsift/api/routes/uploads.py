"""/api/uploads: lists in, and what was understood of them."""

from __future__ import annotations

import uuid

from apiflask import APIBlueprint
from flask import request
from pydantic import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from mailsift.api.actions.uploading import Incoming, upload, upload_place
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.intake import names
from mailsift.api.intake.addresses import one_a_line
from mailsift.api.intake.body import chunks
from mailsift.api.intake.multipart import form_file
from mailsift.api.problems import Problem, from_validation
from mailsift.api.repository import uploads
from mailsift.api.routes.answers import Replied, accepted, asked, found, reading
from mailsift.api.schemas.base import Listing, Numbered
from mailsift.api.schemas.uploads import (
    AddressList,
    RejectedRowPage,
    UploadAccepted,
    UploadDetail,
    UploadOptions,
    UploadPage,
)
from mailsift.shared.verdicts import UploadType

blueprint = APIBlueprint("uploads", __name__, url_prefix="/api/uploads", tag="uploads")

_FORM_OVERHEAD = 64 * 1024


@blueprint.post("")
@blueprint.input(UploadOptions, location="query")
@blueprint.output(UploadAccepted, status_code=202, description="stored; a job reads it")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "body_incomplete",
        "upload_too_large",
        "body_too_large",
        "validation_failed",
        "empty_file",
        "idempotency_key_reused",
        "too_many_uploads",
        "temporarily_unavailable",
    ),
    extensions={"x-idempotent": True, "x-takes-a-file": True},
)
def create(query_data: UploadOptions) -> Replied:
    """Upload a list.

    As a form with the field `file`, as a raw body (name it by `fileName` or Content-Disposition), or as addresses in
    JSON.
    """
    with upload_place(deps()):
        answer, replayed = upload(deps(), asked(), _incoming(query_data))
    return accepted(answer, "uploads", answer.upload_id, replayed=replayed)


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(UploadPage)
def index(query_data: Listing) -> UploadPage:
    """List uploads, the newest first."""
    with reading() as connection:
        return uploads.page(connection, query_data)


@blueprint.get("/<uuid:upload_id>")
@blueprint.output(UploadDetail)
@blueprint.doc(responses=refusals("not_found"))
def show(upload_id: uuid.UUID) -> UploadDetail:
    """Read an upload."""
    with reading() as connection:
        return found(uploads.find(connection, upload_id), "upload")


@blueprint.get("/<uuid:upload_id>/rejected")
@blueprint.input(Numbered, location="query")
@blueprint.output(RejectedRowPage)
@blueprint.doc(responses=refusals("not_found"))
def rejected(upload_id: uuid.UUID, query_data: Numbered) -> RejectedRowPage:
    """List the rows from which no address could be taken."""
    with reading() as connection:
        found(uploads.status_of(connection, upload_id), "upload")
        return uploads.rejected(connection, upload_id, query_data)


def _incoming(options: UploadOptions) -> Incoming:
    if request.mimetype == "application/json":
        return _from_json(options)
    request.max_content_length = deps().settings.max_upload_bytes + _FORM_OVERHEAD
    try:
        body = chunks(request.stream, request.content_length)
    except RequestEntityTooLarge as error:
        limit = deps().settings.max_upload_bytes
        raise Problem("upload_too_large", f"a file may have {limit} bytes at most") from error
    if request.mimetype == "multipart/form-data":
        form = form_file(body, request.mimetype_params.get("boundary"))
        return Incoming(names.safe_name(options.file_name or form.name), UploadType.BULK, form.chunks)
    name = options.file_name or names.from_disposition(request.headers.get("Content-Disposition"))
    return Incoming(names.safe_name(name), UploadType.BULK, body)


def _from_json(options: UploadOptions) -> Incoming:
    request.max_content_length = deps().settings.max_body_bytes
    try:
        addresses = AddressList.model_validate(request.get_json())
    except ValidationError as error:
        raise from_validation(error) from error
    name = names.safe_name(options.file_name or addresses.file_name)
    return Incoming(name, UploadType.SINGLE, one_a_line(addresses.emails))

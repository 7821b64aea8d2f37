"""/api/uploads: lists in, and what was understood of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from apiflask import APIBlueprint
from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from mailsift.api.actions.uploading import Incoming, upload, upload_place
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import refusals
from mailsift.api.intake import names
from mailsift.api.intake.addresses import one_a_line
from mailsift.api.intake.body import chunks
from mailsift.api.intake.multipart import read_form
from mailsift.api.problems import Problem, from_validation, invalid
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
    UploadWishes,
)
from mailsift.shared.verdicts import UploadType

blueprint = APIBlueprint("uploads", __name__, url_prefix="/api/uploads", tag="uploads")

Body = TypeVar("Body", bound=BaseModel)

_FORM_OVERHEAD = 64 * 1024
_FIELDS = frozenset(str(field.alias) for field in UploadOptions.model_fields.values())
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


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
        "job_quota_exceeded",
        "too_many_uploads",
        "temporarily_unavailable",
    ),
    extensions={"x-idempotent": True, "x-takes-a-file": True},
)
def create(query_data: UploadOptions) -> Replied:
    """Upload a list.

    As a form with the field `file`, as a raw body (name it by `fileName` or Content-Disposition), or as addresses in
    JSON. With `analysisType` it is analysed once it is read, and with `exportType` the answers are then written into a
    file. In a form, what the parameters say may be said by fields instead.
    """
    with upload_place(deps()):
        answer, replayed = upload(deps(), asked(), _incoming(query_data), dt.datetime.now(dt.UTC))
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
@blueprint.doc(responses=refusals("not_found", "rows_expired"))
def rejected(upload_id: uuid.UUID, query_data: Numbered) -> RejectedRowPage:
    """List the rows from which no address could be taken."""
    with reading() as connection:
        if not found(uploads.standing(connection, upload_id), "upload").rows_kept:
            raise Problem("rows_expired", "the rows of this list are no longer kept; its counts are")
        return uploads.rejected(connection, upload_id, query_data)


def _incoming(query: UploadOptions) -> Incoming:
    if request.mimetype == "application/json":
        return _from_json(query)
    request.max_content_length = deps().settings.max_upload_bytes + _FORM_OVERHEAD
    try:
        body = chunks(request.stream, request.content_length)
    except RequestEntityTooLarge as error:
        limit = deps().settings.max_upload_bytes
        raise Problem("upload_too_large", f"a file may have {limit} bytes at most") from error
    if request.mimetype == "multipart/form-data":
        return _from_form(query, body)
    wishes = _given(UploadWishes, query)
    name = names.from_disposition(request.headers.get("Content-Disposition"))
    return Incoming(UploadType.BULK, body, lambda: wishes, name)


def _from_form(query: UploadOptions, body: Iterator[bytes]) -> Incoming:
    form = read_form(body, request.mimetype_params.get("boundary"), _FIELDS)
    # What came before the file is looked at before the file, all of it once the file is here.
    _given(UploadOptions, query, form.fields)
    return Incoming(UploadType.BULK, form.chunks, lambda: _given(UploadWishes, query, form.fields), form.file_name)


def _from_json(query: UploadOptions) -> Incoming:
    wishes = _given(UploadWishes, query)
    request.max_content_length = deps().settings.max_body_bytes
    addresses = _validated(AddressList, request.get_json())
    return Incoming(UploadType.SINGLE, one_a_line(addresses.emails), lambda: wishes, addresses.file_name)


def _given(schema: type[Body], query: UploadOptions, fields: Mapping[str, str] = _NO_FIELDS) -> Body:
    """Take what was said in the query and in the fields of a form, each thing once. Raises Problem."""
    said = query.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name in fields.keys() & said.keys():
        raise invalid(name, "given more than once")
    return _validated(schema, {**said, **fields})


def _validated(schema: type[Body], given: object) -> Body:
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise from_validation(error) from error

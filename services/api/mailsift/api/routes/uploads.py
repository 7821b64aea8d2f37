"""/api/uploads: lists in, and what was understood of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from mailsift.api.actions.quota import upload_limit
from mailsift.api.actions.rejecting import rejected_csv, rejected_name, rows_expired
from mailsift.api.actions.starting import start
from mailsift.api.actions.uploading import Elsewhere, Incoming, refer, upload, upload_place
from mailsift.api.auth import principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.intake.addresses import one_a_line
from mailsift.api.intake.body import UploadLimit, chunks, limited
from mailsift.api.intake.multipart import read_form
from mailsift.api.intake.names import attachment, from_disposition
from mailsift.api.problems import Body, Problem, invalid, parsed
from mailsift.api.repository import uploads
from mailsift.api.repository.uploads import Origin
from mailsift.api.routes.answers import Replied, accepted, asked, found, optional_json, reading
from mailsift.api.schemas.base import Listing, Numbered
from mailsift.api.schemas.uploads import (
    AddressList,
    ObjectList,
    RejectedRowPage,
    StartRequest,
    UploadAccepted,
    UploadDetail,
    UploadOptions,
    UploadPage,
    UploadWishes,
    UrlList,
)
from mailsift.shared.inbox import inbox_key
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.urls import parse_url
from mailsift.shared.verdicts import UploadSource, UploadType

blueprint = APIBlueprint("uploads", __name__, url_prefix="/api/uploads", tag="uploads")

_JSON, _CSV = "application/json", "text/csv"
_FORM_OVERHEAD = 64 * 1024
_FIELDS = frozenset(str(field.alias) for field in UploadOptions.model_fields.values())
_LISTS = ("emails", "url", "object")
_NOTHING: Mapping[str, object] = MappingProxyType({})


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
        "invalid_scoring",
        "object_not_found",
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

    As a form with the field `file`, as a raw body (name it by `fileName` or Content-Disposition), or in JSON: as
    addresses, as a URL from which it is fetched, or as an object of the storage. With `analysisType` it is analysed
    once it is read, and with `exportType` the answers are then written into a file. With `preview` only its beginning
    is read, and it waits to be started. What the parameters say may be said by fields of the form or of the JSON
    instead.
    """
    now = dt.datetime.now(dt.UTC)
    # JSON is in memory as a whole once it is looked at: no more of it than there are places.
    with upload_place(deps(), principal().workspace_id):
        if request.mimetype == _JSON and (elsewhere := _elsewhere(query_data)):
            answer, replayed = refer(deps(), asked(), elsewhere, now)
        else:
            answer, replayed = upload(deps(), asked(), _incoming(query_data), now)
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


@blueprint.post("/<uuid:upload_id>/start")
@blueprint.output(UploadAccepted, status_code=202, description="a job reads all of it")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "not_found",
        "not_a_preview",
        "preview_not_ready",
        "body_too_large",
        "unsupported_media_type",
        "validation_failed",
        "invalid_scoring",
        "idempotency_key_reused",
        "job_quota_exceeded",
    ),
    extensions={"x-idempotent": True, "x-may-take": "StartRequest"},
)
def begin(upload_id: uuid.UUID) -> Replied:
    """Make an upload of a preview, with corrections to how it is read.

    What is left out stays as it was said at the upload, and null takes it back. With `analysisType` and `exportType`
    the rest follows by itself.
    """
    request_body = parsed(StartRequest, optional_json())
    answer, replayed = start(deps(), asked(), upload_id, request_body, dt.datetime.now(dt.UTC))
    return accepted(answer, "uploads", answer.upload_id, replayed=replayed)


@blueprint.get("/<uuid:upload_id>/rejected")
@blueprint.input(Numbered, location="query")
@blueprint.output(RejectedRowPage, description="a page, or with `Accept: text/csv` all of them as a file")
@blueprint.doc(
    responses=refusals("not_found", "rows_expired"),
    extensions={"x-also-answers": [_CSV]},
)
def rejected(upload_id: uuid.UUID, query_data: Numbered) -> RejectedRowPage | Response:
    """List the rows from which no address could be taken."""
    if request.accept_mimetypes.best_match([_JSON, _CSV], default=_JSON) == _CSV:
        for name in sorted(query_data.model_fields_set):
            raise invalid(name, "a CSV has all rows; leave this out")
        return rejected_file(upload_id)
    with reading() as connection:
        if not found(uploads.standing(connection, upload_id), "upload").rows_kept:
            raise rows_expired()
        return uploads.rejected(connection, upload_id, query_data)


@blueprint.get("/<uuid:upload_id>/rejected.csv")
@blueprint.doc(
    responses=refusals("not_found", "rows_expired") | answers(200, "all of them as a file", {_CSV: "binary"})
)
def rejected_file(upload_id: uuid.UUID) -> Response:
    """Download the rows from which no address could be taken, to mend them.

    A cell that a spreadsheet would run as a formula has an apostrophe before it.
    """
    name = rejected_name(deps(), principal(), upload_id)
    response = Response(rejected_csv(deps(), principal(), upload_id), content_type=f"{_CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = attachment(name)
    return response


def _incoming(query: UploadOptions) -> Incoming:
    limit = upload_limit(deps(), principal().workspace_id)
    if request.mimetype == _JSON:
        return _from_json(query, limit)
    body = body_within(limit)
    if request.mimetype == "multipart/form-data":
        return _from_form(query, body, limit)
    wishes = _given(UploadWishes, query)
    name = from_disposition(request.headers.get("Content-Disposition"))
    return Incoming(UploadType.BULK, UploadSource.FILE, limited(body, limit), lambda: wishes, name)


def body_within(limit: UploadLimit) -> Iterator[bytes]:
    """Read the body as it comes: a file within its limit, with what a form has about it. Raises Problem."""
    request.max_content_length = limit.bytes + _FORM_OVERHEAD
    try:
        return chunks(request.stream, request.content_length)
    except RequestEntityTooLarge as error:
        raise limit.exceeded() from error


def _from_form(query: UploadOptions, body: Iterator[bytes], limit: UploadLimit) -> Incoming:
    form = read_form(body, request.mimetype_params.get("boundary"), _FIELDS)
    # What came before the file is looked at before the file, all of it once the file is here.
    _given(UploadOptions, query, form.fields)
    return Incoming(
        UploadType.BULK,
        UploadSource.FILE,
        limited(form.chunks, limit),
        lambda: _given(UploadWishes, query, form.fields),
        form.file_name,
    )


def _elsewhere(query: UploadOptions) -> Elsewhere | None:
    """Read a body that names a list instead of holding one; None when it holds one. Raises Problem."""
    request.max_content_length = deps().settings.max_body_bytes
    body = request.get_json()
    named = [name for name in _LISTS if isinstance(body, dict) and name in body]
    if isinstance(body, dict) and not named:
        raise invalid("emails", "name the list: its `emails`, or the `url` or `object` where it lies")
    if len(named) > 1:
        raise invalid(named[1], f"beside {named[0]}: a list comes from one place")
    if named == ["url"]:
        linked = parsed(UrlList, body)
        wishes = _given(UploadWishes, query, _said(linked, exclude={"url"}))
        return Elsewhere(Origin(UploadSource.URL, linked.url), wishes, parse_url(linked.url).file_name)
    if named == ["object"]:
        stored = parsed(ObjectList, body)
        wishes = _given(UploadWishes, query, _said(stored, exclude={"object"}))
        return Elsewhere(Origin(UploadSource.OBJECT, _inbox_key(stored.object)), wishes, stored.object)
    return None


def _inbox_key(name: str) -> str:
    """Return the key of an object that is there. Raises Problem."""
    try:
        key = inbox_key(principal().workspace_id, name)
    except ValueError as error:
        raise invalid("object", str(error)) from error
    if not deps().storage.has(key):
        raise Problem("object_not_found", f"there is no object {key} in the storage")
    return key


def _from_json(query: UploadOptions, limit: UploadLimit) -> Incoming:
    addresses = parsed(AddressList, request.get_json())
    wishes = _given(UploadWishes, query, _said(addresses, exclude={"emails"}))
    if wishes.options() != ReadingOptions():
        raise invalid("emails", "addresses are read as they are: say how to read a list only of a file")
    lines = limited(one_a_line(addresses.emails), limit)
    return Incoming(UploadType.SINGLE, UploadSource.ADDRESSES, lines, lambda: wishes, addresses.file_name)


def _given(schema: type[Body], query: UploadOptions, more: Mapping[str, object] = _NOTHING) -> Body:
    """Take what was said in the query and in the fields of a form or of a body, each thing once. Raises Problem."""
    said = _said(query)
    for name in more.keys() & said.keys():
        raise invalid(name, "given more than once")
    return parsed(schema, {**said, **more})


def _said(options: UploadOptions, exclude: set[str] | None = None) -> dict[str, object]:
    return options.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=exclude)

"""/api/exports: files with the answers, to take away."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from typing import BinaryIO

from apiflask import APIBlueprint
from flask import Response, request, url_for

from mailsift.api.actions.exporting import export, export_again, find_download, open_download
from mailsift.api.auth import current_key_hash, principal
from mailsift.api.deps import deps
from mailsift.api.documentation.responses import answers, refusals
from mailsift.api.intake.names import attachment
from mailsift.api.links import signed_url
from mailsift.api.problems import Problem
from mailsift.api.repository import exports
from mailsift.api.repository.exports import ExportFile
from mailsift.api.routes.answers import Replied, accepted, asked, found, reading
from mailsift.api.schemas.base import Listing
from mailsift.api.schemas.exports import (
    Export,
    ExportAccepted,
    ExportLink,
    ExportPage,
    ExportRequest,
    LinkParameters,
    LinkRequest,
)

blueprint = APIBlueprint("exports", __name__, url_prefix="/api/exports", tag="exports")

_CHUNK = 256 * 1024
_CONTENT = dict.fromkeys(
    (
        *("text/csv", "text/tab-separated-values", "application/json", "application/x-ndjson"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.apache.parquet",
        "application/gzip",
        "text/html",
    ),
    "binary",
)


@blueprint.post("")
@blueprint.input(ExportRequest, location="json")
@blueprint.output(ExportAccepted, status_code=202, description="a job writes it")
@blueprint.doc(
    responses=refusals(
        "malformed_body",
        "not_found",
        "analysis_not_ready",
        "rows_expired",
        "body_too_large",
        "unsupported_media_type",
        "validation_failed",
        "idempotency_key_reused",
        "job_quota_exceeded",
    ),
    extensions={"x-idempotent": True},
)
def create(json_data: ExportRequest) -> Replied:
    """Export the results of an analysis.

    That of one that is still at work begins by itself when it has completed.
    """
    answer, replayed = export(deps(), asked(), json_data, dt.datetime.now(dt.UTC))
    return accepted(answer, "exports", answer.export_id, replayed=replayed)


@blueprint.post("/<uuid:export_id>/again")
@blueprint.output(ExportAccepted, status_code=202, description="a job writes it")
@blueprint.doc(
    responses=refusals(
        "not_found", "analysis_not_ready", "rows_expired", "idempotency_key_reused", "job_quota_exceeded"
    ),
    extensions={"x-idempotent": True},
)
def again(export_id: uuid.UUID) -> Replied:
    """Write an export anew, of the same rows and in the same way: when its file has expired, or it failed."""
    answer, replayed = export_again(deps(), asked(), export_id, dt.datetime.now(dt.UTC))
    return accepted(answer, "exports", answer.export_id, replayed=replayed)


@blueprint.get("")
@blueprint.input(Listing, location="query")
@blueprint.output(ExportPage)
def index(query_data: Listing) -> ExportPage:
    """List exports, the newest first."""
    with reading() as connection:
        return exports.page(connection, query_data)


@blueprint.get("/<uuid:export_id>")
@blueprint.output(Export)
@blueprint.doc(responses=refusals("not_found"))
def show(export_id: uuid.UUID) -> Export:
    """Read an export."""
    with reading() as connection:
        return found(exports.find(connection, export_id), "export")


@blueprint.post("/<uuid:export_id>/link")
@blueprint.input(LinkRequest, location="json")
@blueprint.output(ExportLink)
@blueprint.doc(responses=refusals("malformed_body", "not_found", "unsupported_media_type", "validation_failed"))
def link(export_id: uuid.UUID, json_data: LinkRequest) -> ExportLink:
    """Sign a link to the file, which whoever has it can download without a key until it expires.

    It is void when the key that asked for it is revoked.
    """
    path = url_for(".download", export_id=export_id)
    expires = int(time.time()) + json_data.expires_in
    key_hash = current_key_hash()
    with reading() as connection:
        found(exports.find(connection, export_id), "export")
        url = signed_url(principal().key_id, key_hash, path, expires)
    return ExportLink(url=url, expires_at=dt.datetime.fromtimestamp(expires, dt.UTC))


@blueprint.get("/<uuid:export_id>/download")
@blueprint.input(LinkParameters, location="query")
@blueprint.doc(
    responses=refusals(
        "not_found", "export_not_ready", "export_expired", "range_not_satisfiable", "link_invalid", "link_expired"
    )
    | answers(200, "the file", _CONTENT)
    | answers(206, "the bytes that Range asks for", _CONTENT)
    | answers(304, "the file is the one that If-None-Match names")
)
def download(export_id: uuid.UUID, query_data: LinkParameters) -> Response:  # noqa: ARG001 - auth has read them
    """Download the file of an export, or go on with a download by Range and If-Range.

    Needs a key, or the parameters of a signed link. Counted where it begins and noted in the activities; its ETag is
    the file's SHA-256.
    """
    return hand_out(export_id)


def hand_out(export_id: uuid.UUID) -> Response:
    """Answer with a file, or the part of it that is asked for. Raises Problem."""
    file = find_download(deps(), principal(), export_id)
    if request.if_none_match.contains(file.sha256):
        return Response(status=304, headers={"ETag": f'"{file.sha256}"'})
    if request.method == "HEAD":
        return _with_headers(Response(), file, None)
    part = _part(file)
    stream = open_download(deps(), principal(), file, begins=part is None or part.start == 0)
    response = Response(_read(stream, part or slice(0, file.file_size)), status=206 if part else 200)
    # Also when the client goes before the first byte, and the generator never starts.
    response.call_on_close(stream.close)
    return _with_headers(response, file, part)


def _part(file: ExportFile) -> slice | None:
    """Find out which bytes are asked for; None for all of them. Raises Problem.

    What is no single range of bytes, or is of a file that is not this one, asks for all of them (RFC 9110, 14.2).
    """
    wanted, known = request.range, request.if_range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if known.date is not None or known.etag not in (None, file.sha256):
        return None
    size = file.file_size
    start, stop = wanted.ranges[0]
    if start < 0:
        start = max(0, size + start)
    if start >= size:
        raise Problem(
            "range_not_satisfiable", f"the file has {size} bytes", headers={"Content-Range": f"bytes */{size}"}
        )
    return slice(start, size if stop is None else min(stop, size))


def _with_headers(response: Response, file: ExportFile, part: slice | None) -> Response:
    response.headers["Content-Type"] = file.content_type
    response.headers["Content-Disposition"] = attachment(file.file_name)
    response.headers["Content-Length"] = str(part.stop - part.start if part else file.file_size)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = f'"{file.sha256}"'
    if part:
        response.headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.file_size}"
    return response


def _read(stream: BinaryIO, part: slice) -> Iterator[bytes]:
    stream.seek(part.start)
    left = part.stop - part.start
    while chunk := stream.read(min(left, _CHUNK)):
        left -= len(chunk)
        yield chunk

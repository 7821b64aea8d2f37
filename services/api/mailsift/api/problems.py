"""Every error as problem+json (RFC 9457): the one place that maps errors to HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, cast

from apiflask import APIFlask, HTTPError
from flask import Response, g, json
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import ClientDisconnected, HTTPException

from mailsift.api.faults import Fault, faults_of, said
from mailsift.shared.observability.logs import logger

log = logger(__name__)

Body = TypeVar("Body", bound=BaseModel)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """What all problems of one code share."""

    status: HTTPStatus
    title: str


KINDS: dict[str, Kind] = {
    "bad_request": Kind(HTTPStatus.BAD_REQUEST, "The request is not proper HTTP"),
    "malformed_body": Kind(HTTPStatus.BAD_REQUEST, "The body cannot be read as what its Content-Type says"),
    "body_incomplete": Kind(HTTPStatus.BAD_REQUEST, "The body ended before its announced length"),
    "unauthorized": Kind(HTTPStatus.UNAUTHORIZED, "A valid API key is needed"),
    "forbidden": Kind(HTTPStatus.FORBIDDEN, "This key may not do that"),
    "link_invalid": Kind(HTTPStatus.UNAUTHORIZED, "The link was not signed like this"),
    "guest_token_used_up": Kind(HTTPStatus.FORBIDDEN, "The guest's token has no use left"),
    "not_found": Kind(HTTPStatus.NOT_FOUND, "There is nothing here"),
    "job_expired": Kind(HTTPStatus.NOT_FOUND, "What came of the job is shown for 24 hours"),
    "method_not_allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "This address knows other methods"),
    "body_too_slow": Kind(HTTPStatus.REQUEST_TIMEOUT, "The body did not come on"),
    "upload_not_ready": Kind(HTTPStatus.CONFLICT, "The upload did not complete"),
    "not_a_preview": Kind(HTTPStatus.CONFLICT, "Only an upload that is a preview can be started"),
    "preview_not_ready": Kind(HTTPStatus.CONFLICT, "The beginning of the list is still being read"),
    "analysis_not_ready": Kind(HTTPStatus.CONFLICT, "The analysis did not complete"),
    "export_not_ready": Kind(HTTPStatus.CONFLICT, "The export is not completed"),
    "job_ended": Kind(HTTPStatus.CONFLICT, "The job has ended"),
    "job_not_ended": Kind(HTTPStatus.CONFLICT, "The job has not ended"),
    "job_not_retryable": Kind(HTTPStatus.CONFLICT, "Only a job that ended badly can be tried again"),
    "not_a_root_job": Kind(HTTPStatus.CONFLICT, "Only whole jobs can be cancelled, tried again or deleted"),
    "schedule_name_taken": Kind(HTTPStatus.CONFLICT, "Another schedule has this name"),
    "too_many_schedules": Kind(HTTPStatus.CONFLICT, "The workspace has as many schedules as it may"),
    "already_a_member": Kind(HTTPStatus.CONFLICT, "The person belongs to the workspace already"),
    "last_owner": Kind(HTTPStatus.CONFLICT, "A workspace keeps an owner"),
    "key_ended": Kind(HTTPStatus.CONFLICT, "The key opens nothing any more"),
    "too_many_keys": Kind(HTTPStatus.CONFLICT, "The workspace has as many keys as it may"),
    "too_many_webhooks": Kind(HTTPStatus.CONFLICT, "The workspace has as many webhooks as it may"),
    "too_many_erasures": Kind(HTTPStatus.CONFLICT, "The workspace has as many erasures under way as it may"),
    "delivery_not_ended": Kind(HTTPStatus.CONFLICT, "The message is on its way"),
    "address_suppressed": Kind(HTTPStatus.CONFLICT, "The workspace has suppressed the address"),
    "rows_expired": Kind(HTTPStatus.GONE, "The rows are no longer kept"),
    "export_expired": Kind(HTTPStatus.GONE, "The file is no longer kept"),
    "link_expired": Kind(HTTPStatus.GONE, "The link opens nothing any more"),
    "upload_too_large": Kind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The file is larger than the plan or the server takes"
    ),
    "body_too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than this server takes"),
    "unsupported_media_type": Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is of a type that is not taken here"),
    "range_not_satisfiable": Kind(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "The file has no such bytes"),
    "validation_failed": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Something in the request is not as it should be"),
    "object_not_found": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such object in the storage"),
    "empty_file": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The file is empty"),
    "invalid_cron": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The cron expression cannot be read"),
    "invalid_timezone": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such time zone"),
    "invalid_scoring": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The scoring names what cannot be weighed, or not so"),
    "not_supported": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "mailsift does nothing of the kind"),
    "idempotency_key_reused": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The Idempotency-Key came with another request"),
    "too_many_requests": Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "The key made as many requests as the plan allows a minute"
    ),
    "job_quota_exceeded": Kind(HTTPStatus.TOO_MANY_REQUESTS, "The plan allows no more jobs for now"),
    "internal_error": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke on our side"),
    "temporarily_unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The database cannot be reached"),
    "too_many_streams": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Too many streams are open"),
    "too_many_uploads": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Too many uploads are under way"),
}

_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.UNPROCESSABLE_ENTITY: "validation_failed",
}
_CLOSE = {"Connection": "close"}
RETRY_SOON = {"Retry-After": "5"}


class Problem(Exception):
    """An answer that is an error."""

    def __init__(
        self, code: str, detail: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.kind = KINDS[code]
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


def invalid(field: str, message: str) -> Problem:
    """Say that one field of the input is wrong."""
    fault = Fault(field, message)
    return Problem("validation_failed", said([fault]), faults=[fault])


def not_supported(*faults: Fault) -> Problem:
    """Say what of a request means nothing here."""
    return Problem("not_supported", said(faults), faults=faults)


def respond(problem: Problem) -> Response:
    """Write a problem as the response."""
    body: dict[str, Any] = {
        "type": f"/docs#{problem.code}",
        "title": problem.kind.title,
        "status": problem.kind.status.value,
        "detail": problem.detail,
        "code": problem.code,
        "requestId": g.get("request_id", ""),
    }
    if problem.faults:
        body["errors"] = [{"field": fault.field, "message": fault.message} for fault in problem.faults]
    return Response(json.dumps(body), problem.kind.status.value, problem.headers, content_type=MEDIA_TYPE)


def install(app: APIFlask) -> None:
    """Let every error of an application leave it as a problem."""
    app.error_processor(_from_http)
    app.register_error_handler(Problem, respond)
    app.register_error_handler(RecursionError, lambda _: respond(_too_deep()))
    app.register_error_handler(ClientDisconnected, lambda error: respond(not_whole(error)))
    app.register_error_handler(PoolTimeout, lambda _: respond(_unavailable()))
    app.register_error_handler(DBAPIError, _from_database)
    app.register_error_handler(Exception, _unexpected)


def _from_http(error: HTTPError) -> Response:
    if isinstance(error.__cause__, ValidationError):
        return respond(from_validation(error.__cause__))
    return respond(_from_status(error.status_code, error.message, dict(error.headers)))


def parsed(schema: type[Body], given: object, at: str = "") -> Body:
    """Read a part of a request; `at` is what its fields are in. Raises Problem."""
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise from_validation(error, at) from error


def from_validation(error: ValidationError, at: str = "") -> Problem:
    """Say what of the input is wrong."""
    faults, unsaid = faults_of(error, at)
    return Problem("validation_failed", said(faults, unsaid), faults=faults)


def _from_status(status_code: int, message: str | None, headers: dict[str, Any]) -> Problem:
    status = HTTPStatus(status_code)
    fallback = "internal_error" if status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else "bad_request"
    code = _BY_STATUS.get(status, fallback)
    kept = {name: str(value) for name, value in headers.items() if name in {"Allow", "Retry-After"}}
    return Problem(code, _detail(code, kept) or message or status.phrase, headers=kept)


def _detail(code: str, headers: Mapping[str, str]) -> str | None:
    """Say what to do about an error that no route has raised; None where HTTP has said more."""
    if code == "not_found":
        return "no route has this path, or the id in it is no UUID; /docs shows all routes"
    if code == "method_not_allowed":
        known = sorted({word.strip() for word in headers.get("Allow", "").split(",")} - {"HEAD", "OPTIONS"})
        return f"send {' or '.join(known)}"
    return KINDS[code].title if code in _BY_STATUS.values() else None


def _too_deep() -> Problem:
    return Problem("malformed_body", "the body is nested too deeply")


def incomplete() -> Problem:
    """Say that a body ended before its announced length."""
    return Problem("body_incomplete", "the connection closed in the middle of the body; nothing was kept")


def not_whole(error: ClientDisconnected) -> Problem:
    """Say why a body ended before its time: the client went, or stopped sending."""
    if isinstance(error.__context__, TimeoutError):
        return Problem("body_too_slow", "nothing of it came for too long; nothing was kept", headers=_CLOSE)
    return incomplete()


def _unavailable() -> Problem:
    return Problem("temporarily_unavailable", "try again in a few seconds", headers=RETRY_SOON)


def _from_database(error: DBAPIError) -> Response:
    if isinstance(error, OperationalError) or error.connection_invalidated:
        log.warning("database_unavailable", error=type(error.orig).__name__)
        return respond(_unavailable())
    return _unexpected(error)


def _unexpected(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return respond(_from_status(error.code or 500, error.name, dict(cast("Any", error.get_headers()))))
    log.error("request_failed", exc_info=error)
    detail = "the error is in our log under this request id"
    return respond(Problem("internal_error", detail))

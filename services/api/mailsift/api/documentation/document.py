"""Finishes the OpenAPI document that APIFlask derives from the routes: what all of them share, and clean names."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Container, Mapping
from typing import Any

from pydantic import BaseModel

from mailsift.api.documentation import headers
from mailsift.api.documentation.examples import add_examples
from mailsift.api.documentation.responses import refusals
from mailsift.api.permissions import Permission, explain
from mailsift.api.problems import MEDIA_TYPE
from mailsift.api.schemas.file_analyses import FileForm
from mailsift.api.schemas.job_requests import CleanedUp, CleanUp, ExportPayload, ImportPayload
from mailsift.api.schemas.problems import ProblemDocument
from mailsift.api.schemas.uploads import AddressList, ObjectList, StartRequest, UrlList

Document = dict[str, Any]

SECURITY = "bearer"
SECURITY_SCHEMES = {SECURITY: {"type": "http", "scheme": "bearer", "description": "an API key"}}
DESCRIPTION = """Upload a list, have it analysed, export it with the answers beside each row.

Send `Authorization: Bearer <key>` with every request. Errors are problem+json (RFC 9457) with a stable `code`.
Lists come in pages: pass `next` as `cursor`.
`x-permissions` names what a key may have to be let in, one of them; `security` says the same.
A POST that creates takes an `Idempotency-Key`: the same request, sent twice, makes one thing."""
# Every route refuses parameters that it does not know.
_EVERYWHERE = refusals(
    "unauthorized", "forbidden", "validation_failed", "too_many_requests", "internal_error", "temporarily_unavailable"
)
_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
# What stands in the body instead of a file.
_LISTS: dict[str, type[BaseModel]] = {"AddressList": AddressList, "UrlList": UrlList, "ObjectList": ObjectList}
_FROM_APIFLASK = {"HTTPError", "ValidationError"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def finish(document: Document, needed: Mapping[tuple[str, str], Collection[Permission]]) -> Document:
    """Complete a derived document, with what each method of each path needs; the result is a new one."""
    document = _with_plain_names(document)
    # Two files of routes may share a tag.
    document["tags"] = list({tag["name"]: tag for tag in document["tags"]}.values())
    schemas = document["components"]["schemas"]
    for name in _FROM_APIFLASK:
        schemas.pop(name, None)
    document["components"]["schemas"] = {
        name: _without_foreign_defaults(schema) for name, schema in sorted({**schemas, **_own_schemas()}.items())
    }
    document["components"]["headers"] = headers.HEADERS
    nested = {_ref(name)["$ref"] for name, schema in schemas.items() if schema.get("type") == "object"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["parameters"] = [_parameter(derived, nested) for derived in operation["parameters"]]
            _finish_operation(path, method, operation)
            _name_permissions(operation, needed[method.upper(), path])
            add_examples(method, path, operation)
    return document


def _name_permissions(operation: Document, needed: Collection[Permission]) -> None:
    """Say whose key a route opens for: of a bearer, OpenAPI takes for scopes whatever names a role."""
    names = sorted(permission.value for permission in needed)
    operation["security"] = [{SECURITY: [name]} for name in names]
    operation["x-permissions"] = names
    refused = operation["responses"]["403"]
    refused["description"] = f"{refused['description']}; {explain(needed)}"


def _without_foreign_defaults(schema: Document) -> Document:
    """Leave out that a field which may be left out, and must not be null, is null by default."""
    properties = {
        name: {key: value for key, value in field.items() if not _is_foreign_default(field, key)}
        for name, field in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema


def _is_foreign_default(field: Document, key: str) -> bool:
    return key == "default" and field[key] is None and "anyOf" not in field


def _finish_operation(path: str, method: str, operation: Document) -> None:
    idempotent, speaks = operation.pop("x-idempotent", False), operation.pop("x-speaks", False)
    responses = operation["responses"]
    for media_type in operation.pop("x-also-answers", []):
        responses["200"]["content"][media_type] = _BINARY
    for status, response in _EVERYWHERE.items():
        _add_response(responses, str(status), response)
    traits = headers.Traits(idempotent, speaks, _may_be_known(method, operation))
    for status, response in responses.items():
        response["headers"] = headers.of_answer(status, responses, traits)
        if status >= "400":
            response["content"] = _PROBLEM
    if any(parameter["in"] == "query" for parameter in operation["parameters"]):
        responses |= _TOO_LONG
    operation["responses"] = dict(sorted(responses.items()))
    operation["operationId"] = _operation_id(path, method)
    operation["parameters"] += headers.of_request(responses, traits)
    _finish_body(operation)


def _may_be_known(method: str, operation: Document) -> bool:
    reads = method == "get" and "application/json" in operation["responses"].get("200", {}).get("content", {})
    if reads:
        operation["responses"]["304"] = {"description": "the client has it: it is what If-None-Match names"}
    return reads


def _add_response(responses: Document, status: str, response: Document) -> None:
    said = responses.setdefault(status, {}).get("description")
    if not said:
        responses[status] = dict(response)
    elif response["description"].split(":")[0] not in said:
        responses[status]["description"] = f"{said}; {response['description']}"


# What gunicorn answers before the API sees anything of the request.
_PAGE = {
    "text/html": {
        "schema": {"type": "string"},
        "example": "<html><body><h1>Request Line is too large</h1></body></html>",
    }
}
_TOO_LONG = {
    "414": {"description": "the URL has more than 8,190 bytes", "content": _PAGE},
    "431": {"description": "the URL and the headers have 16 KiB or more together", "content": _PAGE},
}


def _finish_body(operation: Document) -> None:
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    if operation.pop("x-takes-a-file", False):
        operation["requestBody"] = _upload_body(operation["parameters"])
    if form := operation.pop("x-takes-a-form", None):
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _ref(form)}}}
    if schema := operation.pop("x-may-take", None):
        operation["requestBody"] = {"required": False, "content": {"application/json": {"schema": _ref(schema)}}}


def _parameter(derived: Document, nested: Container[str]) -> Document:
    if derived["in"] == "path":
        return {**derived, "schema": {"type": "string", **({"format": "uuid"} if _is_id(derived["name"]) else {})}}
    # A parameter is left out, never null.
    schema = {key: value for key, value in derived["schema"].items() if (key, value) != ("default", None)}
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    schema = {**schema, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})} if kinds else schema
    if schema.get("type") == "object" or schema.get("$ref") in nested:
        schema = {
            **_described(schema),
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": schema,
        }
    # Several values stand in one, with commas between them.
    return {**derived, "schema": schema, **(_WITH_COMMAS if schema.get("type") == "array" else {})}


def _is_id(name: str) -> bool:
    return name.endswith("_id")


_WITH_COMMAS: Document = {"style": "form", "explode": False}


def _described(schema: Document) -> Document:
    return {key: schema.pop(key) for key in ("description", "examples", "title") if key in schema}


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation_id(path: str, method: str) -> str:
    words = [word for word in re.split(r"[/{}_]+", path.removeprefix("/api")) if word]
    return "_".join([method, *words])


def _upload_body(parameters: list[Document]) -> Document:
    # A form may say in its fields what the parameters say.
    fields = {parameter["name"]: parameter["schema"] for parameter in parameters if parameter["in"] == "query"}
    encoding = {name: _WITH_COMMAS for name, schema in fields.items() if schema.get("type") == "array"}
    form = {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {"file": {"type": "string", "format": "binary"}, **fields},
    }
    return {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": form, "encoding": encoding},
            "application/json": {"schema": {"oneOf": [_ref(name) for name in _LISTS]}},
            "text/csv": _BINARY,
            "application/octet-stream": _BINARY,
        },
    }


def _with_plain_names(document: Document) -> Document:
    # APIFlask names a nested schema `Outer.Inner`, once for each outer one.
    text = re.sub(r'"#/components/schemas/(?:[A-Za-z0-9_]+\.)+', '"#/components/schemas/', json.dumps(document))
    plain: Document = json.loads(text)
    schemas = plain["components"]["schemas"]
    named: Document = {}
    for name, schema in schemas.items():
        short = name.rsplit(".", 1)[-1]
        if named.setdefault(short, schema) != schema:
            raise ValueError(f"two schemas are called {short}")
    plain["components"]["schemas"] = named
    return plain


def _own_schemas() -> Document:
    """What no route declares: the error that all may answer with, and the bodies that routes read by themselves."""
    own: Document = {}
    models: dict[str, type[BaseModel]] = {
        **_LISTS,
        "Problem": ProblemDocument,
        "StartRequest": StartRequest,
        "FileForm": FileForm,
        "ImportPayload": ImportPayload,
        "ExportPayload": ExportPayload,
        "CleanUp": CleanUp,
        "CleanedUp": CleanedUp,
    }
    for name, model in models.items():
        own[name] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        own.update(own[name].pop("$defs", {}))
    return own

"""/openapi.json and /docs: the API described, for programs and for people."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, json

from mailsift.api.documentation.page import render

blueprint = APIBlueprint("documents", __name__, enable_openapi=False)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    return Response(json.dumps(_document()), content_type="application/json")


@blueprint.get("/docs")
def docs() -> Response:
    """The same as a page to read."""
    headers = {"Content-Security-Policy": _POLICY}
    return Response(render(_document()), content_type="text/html; charset=utf-8", headers=headers)


def _document() -> dict[str, Any]:
    """APIFlask derives the document at the first request and keeps it."""
    document: dict[str, Any] = current_app._get_spec()  # type: ignore[attr-defined] # noqa: SLF001 - `spec` derives anew
    return document

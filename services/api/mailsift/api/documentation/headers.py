"""Headers of requests and answers, as the OpenAPI document has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Traits:
    """What a route does that headers tell of."""

    idempotent: bool
    speaks: bool
    """Some of its answers are written for people."""
    reads: bool
    """Its answer may be known to the client."""


def _header(description: str, example: str | int) -> dict[str, Any]:
    kind = "integer" if isinstance(example, int) else "string"
    return {"description": description, "schema": {"type": kind}, "example": example}


# Each is said once; which answers have it, below.
HEADERS: Final = {
    "X-Request-Id": _header("names the request in our log", "2f1d7c0b6a5e4f3d9c8b7a6958473625"),
    "RateLimit-Policy": _header(
        "where the plan has a limit: the requests that a key may make, and in how many seconds", '"requests";q=300;w=60'
    ),
    "RateLimit": _header(
        "where the plan has a limit: how many are left, and for how many seconds", '"requests";r=299;t=58'
    ),
    "ETag": _header(
        "names this answer; sent back in If-None-Match, the same again is 304", 'W/"58370d9e6fc689cb0e61526773d863a4"'
    ),
    "WWW-Authenticate": _header("how to name the key", 'Bearer realm="mailsift"'),
    "Retry-After": _header("seconds", 5),
    "Location": _header("where it can be read", "/api/uploads/01a22059-c32f-7039-844d-233879dbeddd"),
    "Idempotency-Replayed": _header("`true` when the answer was given before", "true"),
    "Content-Language": _header("that of what is written for people", "en"),
    "Content-Disposition": _header("the name of the file", 'attachment; filename="leads-analysed.csv"'),
    "Accept-Ranges": _header("parts of the file can be asked for", "bytes"),
    "Content-Range": _header("which part this is, and how long the whole", "bytes 0-1023/24120"),
}
_ALWAYS = ("X-Request-Id", "RateLimit-Policy", "RateLimit")
_BY_STATUS = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}
_MARKED = ("ETag",)
_CREATED = ("Location", "Idempotency-Replayed")
_SPOKEN = ("Content-Language",)
_FILE = ("Content-Disposition",)
_IN_PARTS = ("ETag", "Accept-Ranges")
_OF_A_PART = {"206": (*_FILE, *_IN_PARTS, "Content-Range"), "416": ("Content-Range",)}


def of_answer(status: str, responses: Mapping[str, Any], traits: Traits) -> dict[str, Any]:
    """Refer to the headers that an answer of a route has."""
    created = _CREATED if traits.idempotent and status < "400" else ()
    spoken = _SPOKEN if traits.speaks and status < "400" else ()
    marked = _MARKED if traits.reads and status in {"200", "304"} else ()
    names = (*_ALWAYS, *_BY_STATUS.get(status, ()), *created, *spoken, *marked, *_of_a_file(status, responses))
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}


def _of_a_file(status: str, responses: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the headers of an answer that is a file, or a part of it."""
    if status != "200":
        return _OF_A_PART.get(status, ())
    if not any(
        content.get("schema", {}).get("format") == "binary" for content in responses[status].get("content", {}).values()
    ):
        return ()
    return (*_FILE, *_IN_PARTS) if "206" in responses else _FILE


def of_request(responses: Mapping[str, Any], traits: Traits) -> list[dict[str, Any]]:
    """Describe the headers that a request to a route may have."""
    return [
        *([_IF_NONE_MATCH] if traits.reads else []),
        *([_RANGE, _IF_RANGE] if "206" in responses else []),
        *([_IDEMPOTENCY_KEY] if traits.idempotent else []),
        *([_ACCEPT_LANGUAGE] if traits.speaks else []),
    ]


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same request with the same key makes one thing and gets the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "the `ETag` of the answer that the client has",
    "schema": {"type": "string"},
}


_RANGE = {
    "name": "Range",
    "in": "header",
    "required": False,
    "description": "the part of the file that is wanted",
    "schema": {"type": "string", "pattern": "^bytes=[0-9]{1,15}-$", "examples": ["bytes=1024-"]},
}


_IF_RANGE = {
    "name": "If-Range",
    "in": "header",
    "required": False,
    "description": "the `ETag` of the part that the client has: of another file all of it is sent",
    "schema": {"type": "string"},
}


_ACCEPT_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "`en` or `de`: the language of what is written for people",
    "schema": {"type": "string", "examples": ["de"]},
}

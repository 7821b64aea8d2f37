"""The OpenAPI document as one page of HTML that needs nothing from anywhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template
from markupsafe import Markup, escape

from mailsift.api.problems import KINDS, MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    details: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return str(self.details["operationId"])


def render(document: Mapping[str, Any]) -> str:
    """Render the page."""
    operations = [
        Operation(method.upper(), path, details)
        for path, methods in document["paths"].items()
        for method, details in methods.items()
    ]
    return render_template(
        "docs.html",
        info=document["info"],
        groups=_by_tag(operations),
        schemas=document["components"]["schemas"],
        problems=KINDS,
        headers=document["components"]["headers"],
        shape=_shape,
        shown=_shown,
        prose=_prose,
    )


def _by_tag(operations: list[Operation]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for operation in operations:
        groups.setdefault(operation.details["tags"][0], []).append(operation)
    return groups


def _prose(text: str) -> Markup:
    """Escape a description, and set what stands in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _shown(message: Mapping[str, Any]) -> dict[str, str]:
    """Write the examples of a body or an answer, by their names; those of problems are all alike."""
    examples: dict[str, str] = {}
    for media_type, content in (message.get("content") or {}).items():
        several = {name: each["value"] for name, each in content.get("examples", {}).items()}
        for name, value in (several or {media_type: content.get("example")}).items():
            if value is not None and media_type != MEDIA_TYPE:
                text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
                examples[name] = text
    return examples


def _shape(schema: Mapping[str, Any]) -> str:
    """Say a schema in a few words: its name, or what it is."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(_shape(part) for part in schema.get("anyOf") or schema["oneOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_shape(schema['items'])}"
    kind = str(schema.get("format") or schema.get("type", "anything"))
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return f"{kind}, {', '.join(bounds)}" if bounds else kind


_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "length from",
    "maxLength": "length up to",
    "minItems": "items from",
    "maxItems": "items up to",
    "default": "default",
}

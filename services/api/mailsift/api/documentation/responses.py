"""What a route may answer beside its usual answer, said beside the route."""

from __future__ import annotations

from typing import Any

from mailsift.api.problems import KINDS

Responses = dict[int | str, dict[str, str | dict[str, dict[str, Any]]]]


def refusals(*codes: str) -> Responses:
    """Describe problems by their codes."""
    lines: dict[int, list[str]] = {}
    for code in codes:
        lines.setdefault(KINDS[code].status.value, []).append(f"`{code}`: {KINDS[code].title}")
    return {status: {"description": "; ".join(said)} for status, said in lines.items()}


def answers(status: int, description: str, content: dict[str, str] | None = None) -> Responses:
    """Describe one more good answer; its content by media type: a schema's name, or `string` or `binary`."""
    said: dict[str, str | dict[str, dict[str, Any]]] = {"description": description}
    if content:
        said["content"] = {media_type: {"schema": _schema(name)} for media_type, name in content.items()}
    return {status: said}


def _schema(name: str) -> dict[str, Any]:
    plain = {"string": {"type": "string"}, "binary": {"type": "string", "format": "binary"}}
    return plain.get(name) or {"$ref": f"#/components/schemas/{name}"}

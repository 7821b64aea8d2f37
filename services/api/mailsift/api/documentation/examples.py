"""Examples for the document: what was sent and answered in a run, from `examples/`, and one of each problem."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from mailsift.api.problems import KINDS, MEDIA_TYPE

_JSON, _FORM = "application/json", "multipart/form-data"
_CODE = re.compile(r"`(\w+)`: ")  # as descriptions of refusals name them
_USUAL = "usual"
_REQUEST_ID = "2f1d7c0b6a5e4f3d9c8b7a6958473625"
_FAULTS: Final = [{"field": "limit", "message": "Input should be less than or equal to 200"}]
_JOB = "01a22059-c354-72fd-998c-68de03674a67"
_STREAM = f"""retry: 3000

data: {{"type":"connected","jobId":"{_JOB}"}}

id: 8a4f0b1c2d3e5f60
data: {{"type":"progress","jobId":"{_JOB}","status":"running","progress":45,"metadata":{{"currentStep":"scoring"}}}}

: heartbeat

id: 5d2c0c5f6f8e5a41-complete
data: {{"type":"complete","jobId":"{_JOB}","status":"completed","resultData":null,"errorCode":null,"errorMessage":null}}

"""
_EVENTS = "text/event-stream"


def add_examples(method: str, path: str, operation: Mapping[str, Any]) -> None:
    """Add to an operation what is sent and what is answered, for example."""
    known = _all().get(f"{method.upper()} {path}", {})
    sent = operation.get("requestBody", {}).get("content", {})
    for media_type, name in ((_JSON, "request"), (_FORM, "form")):
        if media_type in sent and name in known:
            sent[media_type].update(_shown(known[name]))
    for status, response in operation["responses"].items():
        content = response.get("content", {})
        if MEDIA_TYPE in content:
            response["content"] = {MEDIA_TYPE: {**content[MEDIA_TYPE], **_shown(_problems(response["description"]))}}
        elif _JSON in content and status in known:
            content[_JSON].update(_shown(known[status]))
        elif _EVENTS in content:
            content[_EVENTS]["example"] = _STREAM


def _shown(examples: Mapping[str, Any]) -> dict[str, Any]:
    if examples.keys() == {_USUAL}:
        return {"example": examples[_USUAL]}
    return {"examples": {name: {"value": value} for name, value in examples.items()}}


def _problems(description: str) -> dict[str, Any]:
    """Write a problem of each code that a description names."""
    codes = _CODE.findall(description)
    return {code if len(codes) > 1 else _USUAL: _problem(code) for code in codes}


def _problem(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    problem = {"type": f"/docs#{code}", "title": kind.title, "status": kind.status.value, "detail": kind.title}
    named = {"code": code, "requestId": _REQUEST_ID}
    if code == "validation_failed":
        return {**problem, "detail": "limit: Input should be less than or equal to 200", **named, "errors": _FAULTS}
    return {**problem, **named}


@cache
def _all() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for file in files(__package__).joinpath("examples").iterdir():
        found |= json.loads(file.read_text(encoding="utf-8"))
    return found

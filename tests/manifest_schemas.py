"""What the schemas of Kubernetes and of its operators have against manifests."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
import kubernetes_validate

from deployment import ROOT

# The oldest that the page promises, and the newest that kubernetes-validate knows.
KUBERNETES = ("1.30", kubernetes_validate.latest_version())
CRDS = {
    (schema["properties"]["apiVersion"]["const"], schema["properties"]["kind"]["const"]): schema
    for schema in (json.loads(path.read_text()) for path in sorted((ROOT / "tests/data/crds").glob("*.json")))
}


@cache
def faults(text: str) -> tuple[str, ...]:
    """What the schemas have against one object; each object is held to them once, however many builds have it."""
    one = json.loads(text)
    schema = CRDS.get((one["apiVersion"], one["kind"]))
    if schema is not None:
        return tuple(error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(one))
    try:
        for version in KUBERNETES:
            kubernetes_validate.validate(one, version, strict=True)
    except kubernetes_validate.SchemaNotFoundError as missing:
        return (missing.message,)
    except kubernetes_validate.ValidationError as error:
        return (error.message,)
    return ()


def refused(objects: list[Any]) -> list[str]:
    return [f"{one['kind']}/{one['metadata']['name']}: {fault}" for one in objects for fault in faults(json.dumps(one))]

from __future__ import annotations

import copy
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from deployment import ROOT, SETTINGS
from manifests import (
    BROKER,
    COMBINATIONS,
    DATABASE,
    FRONTS,
    K8S,
    OVERLAYS,
    PLAIN,
    SCALING,
    build_combination,
    components,
    kustomization,
    named,
    overlay,
    tag,
)
from policy import violations

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


def test_every_component_is_in_some_combination() -> None:
    assert components() == {name for names in COMBINATIONS for name in names}


@pytest.mark.parametrize("names", COMBINATIONS, ids=lambda names: "+".join(names) or "none")
def test_every_combination_of_components_is_sound(names: tuple[str, ...], tmp_path: Path) -> None:
    objects = build_combination(names, tmp_path)
    assert refused(objects) == []
    assert violations(objects) == []
    assert len({(one["kind"], one["metadata"]["name"]) for one in objects}) == len(objects)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_overlay_is_sound(name: str) -> None:
    assert refused(overlay(name)) == []
    assert violations(overlay(name)) == []


def test_components_that_are_built_only_together_bring_nothing_but_objects_of_their_own() -> None:
    # Then whatever is built around them stays as it is, and no combination of them can say anything new.
    for name in (*PLAIN, *FRONTS):
        keys = set(kustomization(K8S / "components" / name)) - {"apiVersion", "kind"}
        assert keys <= {"resources", "components"}, name
    (nested,) = kustomization(K8S / "components/monitoring")["components"]
    assert set(kustomization(K8S / "components/monitoring" / nested)) == {"apiVersion", "kind", "configMapGenerator"}
    changing = {name for names in (*SCALING, *BROKER, *DATABASE) for name in names}
    assert changing | {*PLAIN, *FRONTS} == components()


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_runs_one_version_and_its_migrations_are_named_by_it(name: str) -> None:
    (job,) = named(overlay(name), "Job")
    version = job.removeprefix("mailsift-migrate-")
    ours = [one for one in overlay(name) if one["kind"] in {"Deployment", "Job"}]
    images = [c["image"] for one in ours for c in one["spec"]["template"]["spec"]["containers"]]
    assert version == tomllib.loads((ROOT / "shared/pyproject.toml").read_text())["project"]["version"]
    assert {tag(image) for image in images} == {version}
    assert {one["metadata"]["labels"]["app.kubernetes.io/version"] for one in ours} == {version}
    assert len(images) == len(SETTINGS) + 1


@pytest.mark.parametrize("kind", sorted(kind for _, kind in CRDS))
def test_every_schema_refuses_what_is_misspelt(kind: str, tmp_path: Path) -> None:
    objects = overlay("production")
    if kind == "HTTPRoute":
        objects = build_combination(("gateway",), tmp_path)
    one = copy.deepcopy(next(iter(named(objects, kind).values())))
    assert refused([one]) == []
    one["spec"]["mispelt"] = True
    assert refused([one]) != []

from __future__ import annotations

import copy
import json
import shutil
import tomllib
from pathlib import Path

import pytest

from deployment import ROOT, SETTINGS
from manifest_schemas import CRDS, refused
from manifests import (
    BROKER,
    COMBINATIONS,
    DATABASE,
    FRONTS,
    K8S,
    OVERLAYS,
    PLAIN,
    SCALING,
    build,
    build_combination,
    components,
    kustomization,
    named,
    overlay,
    tag,
)
from policy import violations


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


@pytest.mark.parametrize("name", OVERLAYS)
def test_another_release_makes_a_job_of_its_own_and_changes_what_runs_it_and_nothing_else(
    name: str, tmp_path: Path
) -> None:
    for folder in ("k8s", "grafana"):
        shutil.copytree(ROOT / "deploy" / folder, tmp_path / folder)
    changed = tmp_path / "k8s/overlays" / name / "kustomization.yaml"
    changed.write_text(changed.read_text().replace("0.1.0", "1.2.3"))
    before, after = (
        {(one["kind"], one["metadata"]["name"]): one for one in objects}
        for objects in (
            overlay(name),
            build(changed.parent),
        )
    )
    assert before.keys() ^ after.keys() == {("Job", "mailsift-migrate-0.1.0"), ("Job", "mailsift-migrate-1.2.3")}
    differ = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    assert differ == {("Deployment", f"mailsift-{word}") for word in SETTINGS}
    assert {
        json.dumps(before[key]["spec"]["selector"]) == json.dumps(after[key]["spec"]["selector"]) for key in differ
    } == {True}
    # Not a word is left of the release before.
    assert "0.1.0" not in json.dumps([after[key] for key in after if key[0] in {"Deployment", "Job"}])


@pytest.mark.parametrize("kind", sorted(kind for _, kind in CRDS))
def test_every_schema_refuses_what_is_misspelt(kind: str, tmp_path: Path) -> None:
    objects = overlay("production")
    if kind == "HTTPRoute":
        objects = build_combination(("gateway",), tmp_path)
    one = copy.deepcopy(next(iter(named(objects, kind).values())))
    assert refused([one]) == []
    one["spec"]["mispelt"] = True
    assert refused([one]) != []

"""What docs/operations.md adds to an overlay is taken in by the one that it copies, and changes what it says."""

from __future__ import annotations

import copy
import os
import re
from typing import Any

import pytest
import yaml

from deployment import ROOT
from manifest_schemas import refused
from manifests import K8S, build, kustomization, named, overlay
from policy import violations

PRODUCTION = K8S / "overlays/production"
PAGE = (ROOT / "docs/operations.md").read_text()
EXAMPLES = {
    re.findall(r"^#+ .*|^\*\*[^*]+\*\*", PAGE[: found.start()], re.MULTILINE)[-1].strip("#* "): yaml.safe_load(found[1])
    for found in re.finditer(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """A copy of the overlay with all of them added to it, as the page has them."""
    folder = tmp_path_factory.mktemp("ours")
    there = os.path.relpath(PRODUCTION, folder)
    made = copy.deepcopy(kustomization(PRODUCTION))
    for key in ("resources", "components"):
        made[key] = [os.path.normpath(f"{there}/{name}") for name in made[key] if not name.endswith(".yaml")]
    for name in ("namespace.yaml", "backups.yaml"):
        (folder / name).write_text((PRODUCTION / name).read_text())
        made["resources"].append(name)
    for example in EXAMPLES.values():
        if "apiVersion" in example:
            (folder / "added.yaml").write_text(yaml.safe_dump(example))
            made["resources"].append("added.yaml")
            continue
        for key, more in example.items():
            moved = [os.path.normpath(f"{there}/{name}") for name in more] if key == "components" else more
            made[key] = [*made.get(key, ()), *moved]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(made))
    return build(folder)


def test_all_examples_together_are_sound(ours: list[Any]) -> None:
    assert refused(ours) == []
    assert violations(ours) == []


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_changes_what_it_says(title: str, ours: list[Any]) -> None:
    example = EXAMPLES[title]
    if "apiVersion" in example:
        assert example["metadata"]["name"] in named(ours, example["kind"])
        return
    kinds = {patch["target"]["kind"] for patch in example.get("patches", ())} or {"ConfigMap", "Deployment"}
    before = overlay("production")
    for kind in kinds:
        assert named(before, kind) != named(ours, kind)
    # A patch whose target is not there is passed over without a word.
    for patch in example.get("patches", ()):
        assert any(_meant(patch["target"], one) for one in (*before, *ours)), patch["target"]


def _meant(target: Any, one: Any) -> bool:
    key, _, value = target.get("labelSelector", "").partition("=")
    name = re.sub(r"-\d+\.\d+\.\d+$", "", one["metadata"]["name"])
    return (
        one["kind"] == target["kind"]
        and re.fullmatch(target.get("name", ".*"), name) is not None
        and (not key or one["metadata"].get("labels", {}).get(key) == value)
    )


def test_there_is_an_example_for_what_platforms_differ_in() -> None:
    assert len(EXAMPLES) > 8


def _number(quantity: str) -> float:
    units = {"m": 1e-3, "Mi": 2**-10, "Gi": 1}
    number, unit = re.fullmatch(r"(\d+)(\w*)", str(quantity)).groups()  # type: ignore[union-attr]
    return float(number) * units.get(unit, 1)


def test_the_page_says_what_production_asks_of_a_cluster() -> None:
    objects = overlay("production")
    scalers = {name: one["spec"] for name, one in named(objects, "ScaledObject").items()}
    least, most = (
        [
            (scalers[name][bound] if name in scalers else one["spec"]["replicas"], _requests(one))
            for name, one in named(objects, "Deployment").items()
        ]
        for bound in ("minReplicaCount", "maxReplicaCount")
    )
    cluster, rabbit = (next(iter(named(objects, kind).values()))["spec"] for kind in ("Cluster", "RabbitmqCluster"))
    servers = [
        (cluster["instances"], cluster["resources"]["requests"]),
        (rabbit["replicas"], rabbit["resources"]["requests"]),
    ]
    disks = sum(
        count * _number(size)
        for count, size in (
            (cluster["instances"], cluster["storage"]["size"]),
            (cluster["instances"], cluster["walStorage"]["size"]),
            (rabbit["replicas"], rabbit["persistence"]["storage"]),
        )
    )
    for row, pods in (("requested at the start", least), ("requested when", most)):
        processors, memory = (
            sum(count * _number(asked[what]) for count, asked in (*pods, *servers)) for what in ("cpu", "memory")
        )
        (said,) = re.findall(rf"^\| {row}.*\| ([\d.]+) \| (\d+) GiB \| (\d+) GiB \|$", PAGE, re.MULTILINE)
        assert [float(number) for number in said] == pytest.approx([processors, round(memory), disks])
    assert sum(count for count, _ in least) == 10


def _requests(deployment: Any) -> Any:
    (main,) = deployment["spec"]["template"]["spec"]["containers"]
    return main["resources"]["requests"]

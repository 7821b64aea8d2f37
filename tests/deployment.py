"""What is deployed, read from the files that deploy it: images, compose services, Kubernetes workloads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mailsift.analyzer.config import AnalyzerSettings
from mailsift.api.config import ApiSettings
from mailsift.dispatcher.config import DispatcherSettings
from mailsift.exporter.config import ExporterSettings
from mailsift.ingest.config import IngestSettings
from mailsift.shared.settings import Settings

ROOT = Path(__file__).parents[1]
SETTINGS: Mapping[str, type[Settings]] = {
    "api": ApiSettings,
    "dispatcher": DispatcherSettings,
    "ingest": IngestSettings,
    "analyzer": AnalyzerSettings,
    "exporter": ExporterSettings,
}
BASE = ROOT / "deploy/k8s/base"

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?P<rule>:[?-])(?P<rest>[^}]*)\}")


@dataclass(frozen=True, slots=True)
class Deployed:
    """One service as one of the files runs it; `environment` has a stand-in for each value that is secret."""

    image: str
    environment: Mapping[str, str]
    ports: frozenset[int]


@dataclass(frozen=True, slots=True)
class Reference:
    """A `${NAME:?message}` or `${NAME:-default}` of docker-compose.yml."""

    name: str
    default: str | None


def read_variables(settings: type[Settings]) -> set[str]:
    """Return every variable that settings read."""
    return {name.upper() for name in settings.model_fields}


def needed_variables(settings: type[Settings]) -> set[str]:
    """Return those without a default."""
    return {name.upper() for name, field in settings.model_fields.items() if field.is_required()}


@cache
def compose() -> Any:
    """Return docker-compose.yml."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def references() -> Iterator[Reference]:
    """Find every variable that docker-compose.yml takes from its environment."""
    for match in _REFERENCE.finditer((ROOT / "docker-compose.yml").read_text()):
        yield Reference(match["name"], match["rest"] if match["rule"] == ":-" else None)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put values, or else the defaults, in the place of references."""
    return _REFERENCE.sub(lambda match: values.get(match["name"], match["rest"]), text)


def compose_services(values: Mapping[str, str]) -> dict[str, Deployed]:
    """Return the five services as compose runs them when its environment holds `values`."""
    deployed = {}
    for word in SETTINGS:
        service = compose()["services"][word]
        environment = {name: filled(value, values) for name, value in service["environment"].items()}
        ports = frozenset(int(port.rsplit(":", 1)[1]) for port in service.get("ports", ()))
        deployed[word] = Deployed(filled(service["image"], values), environment, ports)
    return deployed


@cache
def kustomization() -> Any:
    """Return the kustomization of the base."""
    return yaml.safe_load((BASE / "kustomization.yaml").read_text())


@cache
def manifests() -> tuple[Any, ...]:
    """Return every object of the base, as it stands in the files."""
    return tuple(one for name in kustomization()["resources"] for one in yaml.safe_load_all((BASE / name).read_text()))


def of_kind(*kinds: str) -> list[Any]:
    """Return the objects of some kinds."""
    return [one for one in manifests() if one["kind"] in kinds]


def container(workload: Any) -> Any:
    """Return the one container of a workload."""
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return only


def config_maps() -> dict[str, dict[str, str]]:
    """Return what the generated ConfigMaps hold."""
    return {
        generator["name"]: dict(literal.split("=", 1) for literal in generator["literals"])
        for generator in kustomization()["configMapGenerator"]
    }


def kubernetes_services(secrets: Mapping[str, str]) -> dict[str, Deployed]:
    """Return the five services as the base runs them when each of their Secrets holds `secrets`."""
    tags = {image["name"]: image["newTag"] for image in kustomization()["images"]}
    deployed = {}
    for workload in of_kind("Deployment"):
        main = container(workload)
        environment: dict[str, str] = {}
        for source in main["envFrom"]:
            if "configMapRef" in source:
                environment |= config_maps()[source["configMapRef"]["name"]]
        for variable in main["env"]:
            assert variable["valueFrom"]["secretKeyRef"] == {
                "name": f"mailsift-{main['name']}",
                "key": variable["name"],
            }
            environment[variable["name"]] = secrets[variable["name"]]
        ports = frozenset(port["containerPort"] for port in main["ports"])
        deployed[main["name"]] = Deployed(f"{main['image']}:{tags[main['image']]}", environment, ports)
    return deployed


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What a Dockerfile says, and some of what that means."""

    text: str
    command: tuple[str, ...]
    ports: frozenset[int]


def dockerfile(word: str) -> Dockerfile:
    """Read the Dockerfile of a service; of `sh -c "exec ..."` the command is what the shell becomes."""
    text = (ROOT / "services" / word / "Dockerfile").read_text()
    command = yaml.safe_load(_instruction(text, "CMD"))
    if command[:2] == ["sh", "-c"]:
        command = shlex.split(command[2].removeprefix("exec "))
    return Dockerfile(text, tuple(command), frozenset(map(int, _instruction(text, "EXPOSE").split())))


def _instruction(text: str, name: str) -> str:
    (rest,) = (line.removeprefix(f"{name} ") for line in text.splitlines() if line.startswith(f"{name} "))
    return rest

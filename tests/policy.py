"""What is asked of every manifest of ours, beyond that Kubernetes takes it; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from manifests import is_selected, named, tag

HARDENED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
# Of all annotations of an object together; kubectl keeps the whole object in one.
MOST_BYTES = 256 * 1024
# What operators make pods of, and where each says which image.
SERVERS = {"Cluster", "RabbitmqCluster"}
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


def violations(objects: list[Any]) -> list[str]:
    """List all that is wrong with what one build gives."""
    found = []
    for one in objects:
        name = f"{one['kind']}/{one['metadata']['name']}"
        if len(json.dumps(one)) > MOST_BYTES:
            found.append(f"{name}: is too large for kubectl to note what it applied")
        found += [f"{name}: {fault}" for fault in _of_names(one)]
        if one["kind"] in WORKLOADS:
            found += [f"{name}: {fault}" for fault in _of_pod(one["spec"]["template"]["spec"], objects)]
        if one["kind"] == "Deployment":
            found += [f"{name}: {fault}" for fault in _of_deployment(one, objects)]
        if one["kind"] in {"HorizontalPodAutoscaler", "ScaledObject"}:
            found += [f"{name}: {fault}" for fault in _of_scaler(one, objects)]
        if one["kind"] in SERVERS:
            found += [f"{name}: {fault}" for fault in _of_servers(one["spec"])]
        if one["kind"] == "ScaledObject":
            found += [f"{name}: {fault}" for fault in _of_triggers(one, objects)]
    return found


def _of_names(one: Any) -> Iterator[str]:
    # What the API of a cluster refuses, and no schema knows.
    if not re.fullmatch(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?", one["metadata"]["name"]):
        yield "has a name that is none"
    template = one.get("spec", {}).get("template", {}).get("metadata", {}) if one["kind"] in WORKLOADS else {}
    for labels in (one["metadata"].get("labels", {}), template.get("labels", {})):
        for value in labels.values():
            if not re.fullmatch(r"([A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?)?", value):
                yield f"has a label {value}, which is none"


def _of_pod(pod: Any, objects: list[Any]) -> Iterator[str]:
    context = pod.get("securityContext", {})
    if not context.get("runAsNonRoot") or context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "runs as root, or without a seccomp profile"
    if {"hostNetwork", "hostPID", "hostIPC"} & set(pod):
        yield "shares something of its node"
    account = named(objects, "ServiceAccount").get(pod.get("serviceAccountName"), {})
    if pod.get("automountServiceAccountToken") is not False or account.get("automountServiceAccountToken") is not False:
        yield "has a token of the cluster, or no account of its own"
    for volume in pod.get("volumes", ()):
        if "hostPath" in volume or ("emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]):
            yield f"volume {volume['name']} is the node's, or has no limit"
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        for fault in (*_of_container(container), *_of_references(container, objects)):
            yield f"{container['name']} {fault}"


def _of_container(container: Any) -> Iterator[str]:
    yield from _of_image(container["image"])
    yield from _of_resources(container)
    if container.get("securityContext") != HARDENED:
        yield "has more rights than it needs"


def _of_image(image: str) -> Iterator[str]:
    if tag(image) in {None, "latest"} and "@sha256:" not in image:
        yield "has no version"


def _of_resources(one: Any) -> Iterator[str]:
    resources = one.get("resources", {})
    if "memory" not in resources.get("limits", {}) or not {"cpu", "memory"} <= set(resources.get("requests", {})):
        yield "has no limit of memory, or requests nothing"


def _of_references(container: Any, objects: list[Any]) -> Iterator[str]:
    maps = named(objects, "ConfigMap")
    for source in container.get("envFrom", ()):
        if "configMapRef" in source and source["configMapRef"]["name"] not in maps:
            yield f"reads {source['configMapRef']['name']}, which is not there"
    known: set[str] = set()
    for variable in container.get("env", ()):
        if "PASSWORD" in variable["name"] and "valueFrom" not in variable:
            yield f"has {variable['name']} written out"
        # Kubernetes leaves a reference to what comes later as it stands.
        if not set(re.findall(r"\$\(([A-Z_]+)\)", variable.get("value", ""))) <= known:
            yield f"has {variable['name']} made of what is not there yet"
        known.add(variable["name"])


def _of_deployment(deployment: Any, objects: list[Any]) -> Iterator[str]:
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    (main,) = deployment["spec"]["template"]["spec"]["containers"]
    if not {"startupProbe", "livenessProbe", "readinessProbe"} <= set(main):
        yield "lacks a probe"
    budgets = named(objects, "PodDisruptionBudget").values()
    if [is_selected(budget["spec"]["selector"], labels) for budget in budgets].count(True) != 1:
        yield "has not one disruption budget"
    spread = deployment["spec"]["template"]["spec"].get("topologySpreadConstraints", ())
    if {one["topologyKey"] for one in spread if is_selected(one["labelSelector"], labels)} != {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }:
        yield "is not spread over nodes and zones"


def _of_servers(spec: Any) -> Iterator[str]:
    yield from _of_image(spec.get("imageName", spec.get("image")))
    yield from _of_resources(spec)


def _of_scaler(scaler: Any, objects: list[Any]) -> Iterator[str]:
    target = scaler["spec"]["scaleTargetRef"]["name"]
    deployment = named(objects, "Deployment").get(target)
    if deployment is None:
        yield f"scales {target}, which is not there"
    elif "replicas" in deployment["spec"]:
        yield f"and the manifest both say how many {target} there are"


def _of_triggers(scaler: Any, objects: list[Any]) -> Iterator[str]:
    known = named(objects, "TriggerAuthentication")
    for trigger in scaler["spec"]["triggers"]:
        if "authenticationRef" in trigger and trigger["authenticationRef"]["name"] not in known:
            yield f"logs in with {trigger['authenticationRef']['name']}, which is not there"
